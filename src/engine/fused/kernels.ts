/** @file PTX of kernels.cu 362785b80fe2a671ea7fb73e21ac05e1799f02f7dc56eb25ce9f8657dc179af0, as compile.py wrote it. */

export const kernels = `.version 7.8
.target sm_70
.address_size 64
	// .globl	adam
.shared .align 8 .b8 _ZZ10sumOfBlockdE4sums[2048];
.visible .entry adam(
	.param .u64 adam_param_0
)
{
	.reg .pred 	%p<4>;
	.reg .f32 	%f<37>;
	.reg .b32 	%r<5>;
	.reg .f64 	%fd<10>;
	.reg .b64 	%rd<32>;
	ld.param.u64 	%rd17, [adam_param_0];
	cvta.to.global.u64 	%rd18, %rd17;
	mov.u32 	%r1, %ctaid.y;
	mul.wide.u32 	%rd19, %r1, 128;
	add.s64 	%rd20, %rd18, %rd19;
	ld.global.f64 	%fd1, [%rd20+120];
	ld.global.f64 	%fd2, [%rd20+112];
	ld.global.u64 	%rd1, [%rd20+88];
	ld.global.u64 	%rd2, [%rd20+72];
	ld.global.u64 	%rd3, [%rd20+64];
	ld.global.u64 	%rd4, [%rd20+56];
	ld.global.u64 	%rd5, [%rd20+48];
	ld.global.u64 	%rd6, [%rd20+40];
	ld.global.u64 	%rd7, [%rd20+32];
	ld.global.u64 	%rd8, [%rd20+24];
	ld.global.u64 	%rd9, [%rd20+16];
	ld.global.u64 	%rd10, [%rd20+8];
	ld.global.u64 	%rd11, [%rd20];
	ld.global.f64 	%fd3, [%rd20+96];
	ld.global.f64 	%fd4, [%rd20+104];
	ld.global.u64 	%rd12, [%rd20+80];
	setp.eq.s64 	%p1, %rd12, 0;
	mov.f32 	%f36, 0f3F800000;
	@%p1 bra 	$L__BB0_2;
	ld.f32 	%f36, [%rd12];
$L__BB0_2:
	cvt.rn.f32.f64 	%f12, %fd2;
	ld.f32 	%f13, [%rd4];
	mul.rn.f32 	%f3, %f13, %f12;
	mul.rn.f64 	%fd5, %fd2, %fd1;
	cvt.rn.f32.f64 	%f14, %fd5;
	ld.f32 	%f15, [%rd2];
	mul.rn.f32 	%f4, %f15, %f14;
	mov.u32 	%r2, %ctaid.x;
	mul.wide.u32 	%rd21, %r2, 256;
	mov.u32 	%r3, %tid.x;
	cvt.u64.u32 	%rd22, %r3;
	add.s64 	%rd31, %rd21, %rd22;
	setp.ge.u64 	%p2, %rd31, %rd1;
	@%p2 bra 	$L__BB0_5;
	ld.f32 	%f5, [%rd3];
	mov.u32 	%r4, %nctaid.x;
	mul.wide.u32 	%rd14, %r4, 256;
	cvt.rn.f32.f64 	%f6, %fd3;
	cvt.rn.f32.f64 	%f7, %fd4;
	mov.f32 	%f16, 0f3F800000;
	sub.rn.f32 	%f8, %f16, %f4;
	mov.f64 	%fd6, 0d3FF0000000000000;
	sub.rn.f64 	%fd7, %fd6, %fd4;
	sqrt.rn.f64 	%fd8, %fd7;
	cvt.rn.f32.f64 	%f17, %fd8;
	mul.rn.f32 	%f9, %f36, %f17;
	sub.rn.f64 	%fd9, %fd6, %fd3;
	cvt.rn.f32.f64 	%f18, %fd9;
	mul.rn.f32 	%f10, %f36, %f18;
$L__BB0_4:
	shl.b64 	%rd23, %rd31, 2;
	add.s64 	%rd24, %rd10, %rd23;
	ld.f32 	%f19, [%rd24];
	mul.rn.f32 	%f20, %f9, %f19;
	add.s64 	%rd25, %rd9, %rd23;
	ld.f32 	%f21, [%rd25];
	mul.rn.f32 	%f22, %f21, %f6;
	mul.rn.f32 	%f23, %f10, %f19;
	add.rn.f32 	%f24, %f23, %f22;
	add.s64 	%rd26, %rd8, %rd23;
	ld.f32 	%f25, [%rd26];
	mul.rn.f32 	%f26, %f25, %f7;
	mul.rn.f32 	%f27, %f20, %f20;
	add.rn.f32 	%f28, %f27, %f26;
	add.s64 	%rd27, %rd6, %rd23;
	st.f32 	[%rd27], %f24;
	add.s64 	%rd28, %rd5, %rd23;
	st.f32 	[%rd28], %f28;
	add.s64 	%rd29, %rd11, %rd23;
	ld.f32 	%f29, [%rd29];
	mul.rn.f32 	%f30, %f8, %f29;
	sqrt.rn.f32 	%f31, %f28;
	add.rn.f32 	%f32, %f5, %f31;
	div.rn.f32 	%f33, %f24, %f32;
	mul.rn.f32 	%f34, %f3, %f33;
	sub.rn.f32 	%f35, %f30, %f34;
	add.s64 	%rd30, %rd7, %rd23;
	st.f32 	[%rd30], %f35;
	add.s64 	%rd31, %rd31, %rd14;
	setp.lt.u64 	%p3, %rd31, %rd1;
	@%p3 bra 	$L__BB0_4;
$L__BB0_5:
	ret;
}
	// .globl	average
.visible .entry average(
	.param .u64 average_param_0
)
{
	.reg .pred 	%p<3>;
	.reg .f32 	%f<9>;
	.reg .b32 	%r<5>;
	.reg .b64 	%rd<22>;
	ld.param.u64 	%rd10, [average_param_0];
	cvta.to.global.u64 	%rd11, %rd10;
	mov.u32 	%r1, %ctaid.y;
	mul.wide.u32 	%rd12, %r1, 128;
	add.s64 	%rd13, %rd11, %rd12;
	add.s64 	%rd1, %rd13, 32;
	ld.global.u64 	%rd14, [%rd13+24];
	ld.f32 	%f1, [%rd14];
	mov.u32 	%r2, %ctaid.x;
	mul.wide.u32 	%rd15, %r2, 256;
	mov.u32 	%r3, %tid.x;
	cvt.u64.u32 	%rd16, %r3;
	add.s64 	%rd21, %rd15, %rd16;
	ld.global.u64 	%rd3, [%rd13+32];
	setp.ge.u64 	%p1, %rd21, %rd3;
	@%p1 bra 	$L__BB1_3;
	ld.global.u64 	%rd4, [%rd1+-16];
	ld.global.u64 	%rd5, [%rd1+-24];
	ld.global.u64 	%rd6, [%rd1+-32];
	mov.u32 	%r4, %nctaid.x;
	mul.wide.u32 	%rd7, %r4, 256;
	mov.f32 	%f3, 0f3F800000;
	sub.rn.f32 	%f2, %f3, %f1;
$L__BB1_2:
	shl.b64 	%rd17, %rd21, 2;
	add.s64 	%rd18, %rd6, %rd17;
	ld.f32 	%f4, [%rd18];
	mul.rn.f32 	%f5, %f1, %f4;
	add.s64 	%rd19, %rd5, %rd17;
	ld.f32 	%f6, [%rd19];
	mul.rn.f32 	%f7, %f2, %f6;
	add.rn.f32 	%f8, %f5, %f7;
	add.s64 	%rd20, %rd4, %rd17;
	st.f32 	[%rd20], %f8;
	add.s64 	%rd21, %rd21, %rd7;
	setp.lt.u64 	%p2, %rd21, %rd3;
	@%p2 bra 	$L__BB1_2;
$L__BB1_3:
	ret;
}
	// .globl	squares
.visible .entry squares(
	.param .u64 squares_param_0
)
{
	.reg .pred 	%p<11>;
	.reg .f32 	%f<2>;
	.reg .b32 	%r<13>;
	.reg .f64 	%fd<35>;
	.reg .b64 	%rd<24>;
	ld.param.u64 	%rd12, [squares_param_0];
	cvta.to.global.u64 	%rd13, %rd12;
	mov.u32 	%r1, %ctaid.y;
	mul.wide.u32 	%rd14, %r1, 128;
	add.s64 	%rd15, %rd13, %rd14;
	add.s64 	%rd1, %rd15, 16;
	ld.global.u64 	%rd2, [%rd15+8];
	mov.u32 	%r2, %ctaid.x;
	cvt.u64.u32 	%rd3, %r2;
	mul.wide.u32 	%rd16, %r2, 256;
	mov.u32 	%r3, %tid.x;
	cvt.u64.u32 	%rd4, %r3;
	add.s64 	%rd23, %rd16, %rd4;
	ld.global.u64 	%rd6, [%rd15+16];
	setp.ge.u64 	%p1, %rd23, %rd6;
	mov.f64 	%fd34, 0d0000000000000000;
	@%p1 bra 	$L__BB2_3;
	ld.global.u64 	%rd7, [%rd1+-16];
	mov.u32 	%r4, %nctaid.x;
	mul.wide.u32 	%rd8, %r4, 256;
$L__BB2_2:
	shl.b64 	%rd17, %rd23, 2;
	add.s64 	%rd18, %rd7, %rd17;
	ld.f32 	%f1, [%rd18];
	cvt.f64.f32 	%fd6, %f1;
	mul.rn.f64 	%fd7, %fd6, %fd6;
	add.rn.f64 	%fd34, %fd34, %fd7;
	add.s64 	%rd23, %rd23, %rd8;
	setp.lt.u64 	%p2, %rd23, %rd6;
	@%p2 bra 	$L__BB2_2;
$L__BB2_3:
	shl.b64 	%rd19, %rd4, 3;
	mov.u64 	%rd20, _ZZ10sumOfBlockdE4sums;
	add.s64 	%rd11, %rd20, %rd19;
	st.shared.f64 	[%rd11], %fd34;
	bar.sync 	0;
	cvt.u32.u64 	%r5, %rd4;
	setp.gt.u32 	%p3, %r5, 127;
	@%p3 bra 	$L__BB2_5;
	ld.shared.f64 	%fd8, [%rd11];
	ld.shared.f64 	%fd9, [%rd11+1024];
	add.rn.f64 	%fd10, %fd9, %fd8;
	st.shared.f64 	[%rd11], %fd10;
$L__BB2_5:
	bar.sync 	0;
	setp.gt.u32 	%p4, %r5, 63;
	@%p4 bra 	$L__BB2_7;
	ld.shared.f64 	%fd11, [%rd11];
	ld.shared.f64 	%fd12, [%rd11+512];
	add.rn.f64 	%fd13, %fd12, %fd11;
	st.shared.f64 	[%rd11], %fd13;
$L__BB2_7:
	bar.sync 	0;
	setp.gt.u32 	%p5, %r5, 31;
	@%p5 bra 	$L__BB2_9;
	ld.shared.f64 	%fd14, [%rd11];
	ld.shared.f64 	%fd15, [%rd11+256];
	add.rn.f64 	%fd16, %fd15, %fd14;
	st.shared.f64 	[%rd11], %fd16;
$L__BB2_9:
	bar.sync 	0;
	setp.gt.u32 	%p6, %r5, 15;
	@%p6 bra 	$L__BB2_11;
	ld.shared.f64 	%fd17, [%rd11];
	ld.shared.f64 	%fd18, [%rd11+128];
	add.rn.f64 	%fd19, %fd18, %fd17;
	st.shared.f64 	[%rd11], %fd19;
$L__BB2_11:
	bar.sync 	0;
	setp.gt.u32 	%p7, %r5, 7;
	@%p7 bra 	$L__BB2_13;
	ld.shared.f64 	%fd20, [%rd11];
	ld.shared.f64 	%fd21, [%rd11+64];
	add.rn.f64 	%fd22, %fd21, %fd20;
	st.shared.f64 	[%rd11], %fd22;
$L__BB2_13:
	bar.sync 	0;
	setp.gt.u32 	%p8, %r5, 3;
	@%p8 bra 	$L__BB2_15;
	ld.shared.f64 	%fd23, [%rd11];
	ld.shared.f64 	%fd24, [%rd11+32];
	add.rn.f64 	%fd25, %fd24, %fd23;
	st.shared.f64 	[%rd11], %fd25;
$L__BB2_15:
	bar.sync 	0;
	setp.gt.u32 	%p9, %r5, 1;
	@%p9 bra 	$L__BB2_17;
	ld.shared.f64 	%fd26, [%rd11];
	ld.shared.f64 	%fd27, [%rd11+16];
	add.rn.f64 	%fd28, %fd27, %fd26;
	st.shared.f64 	[%rd11], %fd28;
$L__BB2_17:
	bar.sync 	0;
	setp.ne.s32 	%p10, %r5, 0;
	@%p10 bra 	$L__BB2_19;
	ld.shared.f64 	%fd29, [_ZZ10sumOfBlockdE4sums+8];
	ld.shared.f64 	%fd30, [%rd11];
	add.rn.f64 	%fd31, %fd29, %fd30;
	st.shared.f64 	[%rd11], %fd31;
	ld.shared.f64 	%fd32, [_ZZ10sumOfBlockdE4sums];
	shl.b64 	%rd21, %rd3, 3;
	add.s64 	%rd22, %rd2, %rd21;
	st.f64 	[%rd22], %fd32;
$L__BB2_19:
	ret;
}
	// .globl	clip
.visible .entry clip(
	.param .u64 clip_param_0
)
{
	.reg .pred 	%p<14>;
	.reg .f32 	%f<17>;
	.reg .b32 	%r<14>;
	.reg .f64 	%fd<36>;
	.reg .b64 	%rd<23>;
	ld.param.u64 	%rd13, [clip_param_0];
	cvta.to.global.u64 	%rd14, %rd13;
	mov.u32 	%r1, %ctaid.y;
	mul.wide.u32 	%rd15, %r1, 128;
	add.s64 	%rd16, %rd14, %rd15;
	add.s64 	%rd1, %rd16, 40;
	ld.global.f64 	%fd1, [%rd16+40];
	ld.global.u64 	%rd2, [%rd16+24];
	ld.global.u64 	%rd3, [%rd16+16];
	ld.global.u64 	%rd4, [%rd16+8];
	mov.u32 	%r2, %ctaid.x;
	mul.wide.u32 	%rd17, %r2, 256;
	mov.u32 	%r3, %tid.x;
	cvt.u64.u32 	%rd5, %r3;
	add.s64 	%rd22, %rd17, %rd5;
	ld.global.u64 	%rd7, [%rd16+32];
	setp.ge.u64 	%p1, %rd22, %rd7;
	mov.f64 	%fd35, 0d0000000000000000;
	@%p1 bra 	$L__BB3_3;
	ld.global.u64 	%rd8, [%rd1+-40];
	mov.u32 	%r4, %nctaid.x;
	mul.wide.u32 	%rd9, %r4, 256;
$L__BB3_2:
	shl.b64 	%rd18, %rd22, 3;
	add.s64 	%rd19, %rd8, %rd18;
	ld.f64 	%fd8, [%rd19];
	add.rn.f64 	%fd35, %fd35, %fd8;
	add.s64 	%rd22, %rd22, %rd9;
	setp.lt.u64 	%p2, %rd22, %rd7;
	@%p2 bra 	$L__BB3_2;
$L__BB3_3:
	shl.b64 	%rd20, %rd5, 3;
	mov.u64 	%rd21, _ZZ10sumOfBlockdE4sums;
	add.s64 	%rd12, %rd21, %rd20;
	st.shared.f64 	[%rd12], %fd35;
	bar.sync 	0;
	cvt.u32.u64 	%r5, %rd5;
	setp.gt.u32 	%p3, %r5, 127;
	@%p3 bra 	$L__BB3_5;
	ld.shared.f64 	%fd9, [%rd12];
	ld.shared.f64 	%fd10, [%rd12+1024];
	add.rn.f64 	%fd11, %fd10, %fd9;
	st.shared.f64 	[%rd12], %fd11;
$L__BB3_5:
	bar.sync 	0;
	setp.gt.u32 	%p4, %r5, 63;
	@%p4 bra 	$L__BB3_7;
	ld.shared.f64 	%fd12, [%rd12];
	ld.shared.f64 	%fd13, [%rd12+512];
	add.rn.f64 	%fd14, %fd13, %fd12;
	st.shared.f64 	[%rd12], %fd14;
$L__BB3_7:
	bar.sync 	0;
	setp.gt.u32 	%p5, %r5, 31;
	@%p5 bra 	$L__BB3_9;
	ld.shared.f64 	%fd15, [%rd12];
	ld.shared.f64 	%fd16, [%rd12+256];
	add.rn.f64 	%fd17, %fd16, %fd15;
	st.shared.f64 	[%rd12], %fd17;
$L__BB3_9:
	bar.sync 	0;
	setp.gt.u32 	%p6, %r5, 15;
	@%p6 bra 	$L__BB3_11;
	ld.shared.f64 	%fd18, [%rd12];
	ld.shared.f64 	%fd19, [%rd12+128];
	add.rn.f64 	%fd20, %fd19, %fd18;
	st.shared.f64 	[%rd12], %fd20;
$L__BB3_11:
	bar.sync 	0;
	setp.gt.u32 	%p7, %r5, 7;
	@%p7 bra 	$L__BB3_13;
	ld.shared.f64 	%fd21, [%rd12];
	ld.shared.f64 	%fd22, [%rd12+64];
	add.rn.f64 	%fd23, %fd22, %fd21;
	st.shared.f64 	[%rd12], %fd23;
$L__BB3_13:
	bar.sync 	0;
	setp.gt.u32 	%p8, %r5, 3;
	@%p8 bra 	$L__BB3_15;
	ld.shared.f64 	%fd24, [%rd12];
	ld.shared.f64 	%fd25, [%rd12+32];
	add.rn.f64 	%fd26, %fd25, %fd24;
	st.shared.f64 	[%rd12], %fd26;
$L__BB3_15:
	bar.sync 	0;
	setp.gt.u32 	%p9, %r5, 1;
	@%p9 bra 	$L__BB3_17;
	ld.shared.f64 	%fd27, [%rd12];
	ld.shared.f64 	%fd28, [%rd12+16];
	add.rn.f64 	%fd29, %fd28, %fd27;
	st.shared.f64 	[%rd12], %fd29;
$L__BB3_17:
	bar.sync 	0;
	setp.ne.s32 	%p10, %r5, 0;
	@%p10 bra 	$L__BB3_19;
	ld.shared.f64 	%fd30, [_ZZ10sumOfBlockdE4sums+8];
	ld.shared.f64 	%fd31, [%rd12];
	add.rn.f64 	%fd32, %fd30, %fd31;
	st.shared.f64 	[%rd12], %fd32;
$L__BB3_19:
	@%p10 bra 	$L__BB3_25;
	ld.shared.f64 	%fd5, [_ZZ10sumOfBlockdE4sums];
	setp.eq.s64 	%p12, %rd2, 0;
	mov.f32 	%f16, 0f3F800000;
	mov.f32 	%f15, %f16;
	@%p12 bra 	$L__BB3_22;
	ld.f32 	%f15, [%rd2];
$L__BB3_22:
	sqrt.rn.f64 	%fd33, %fd5;
	cvt.rn.f32.f64 	%f8, %fd33;
	mul.rn.f32 	%f3, %f15, %f8;
	setp.leu.f64 	%p13, %fd1, 0d0000000000000000;
	@%p13 bra 	$L__BB3_24;
	add.rn.f32 	%f9, %f3, 0f358637BD;
	rcp.rn.f32 	%f10, %f9;
	mov.f32 	%f11, 0f3F800000;
	cvt.rn.f32.f64 	%f12, %fd1;
	mul.rn.f32 	%f13, %f10, %f12;
	min.f32 	%f16, %f13, %f11;
$L__BB3_24:
	st.f32 	[%rd4], %f3;
	mul.rn.f32 	%f14, %f15, %f16;
	st.f32 	[%rd3], %f14;
$L__BB3_25:
	ret;
}
	// .globl	paths
.visible .entry paths(
	.param .u64 paths_param_0
)
{
	.reg .pred 	%p<11>;
	.reg .f32 	%f<93>;
	.reg .b32 	%r<13>;
	.reg .b64 	%rd<46>;
	ld.param.u64 	%rd23, [paths_param_0];
	cvta.to.global.u64 	%rd24, %rd23;
	add.s64 	%rd1, %rd24, 56;
	mov.u32 	%r1, %ctaid.x;
	cvt.u64.u32 	%rd2, %r1;
	ld.global.u64 	%rd3, [%rd24+56];
	mul.lo.s64 	%rd4, %rd3, %rd2;
	ld.global.u64 	%rd5, [%rd24+40];
	setp.eq.s64 	%p1, %rd5, 0;
	@%p1 bra 	$L__BB4_15;
	ld.global.u64 	%rd6, [%rd1+-8];
	mov.u64 	%rd43, 0;
	ld.global.u64 	%rd7, [%rd1+-24];
	ld.global.u64 	%rd8, [%rd1+-32];
	ld.global.u64 	%rd9, [%rd1+-48];
	ld.global.u64 	%rd10, [%rd1+-56];
	ld.global.u64 	%rd26, [%rd1+-40];
	mov.u32 	%r2, %tid.x;
	cvt.u64.u32 	%rd11, %r2;
	shl.b64 	%rd27, %rd4, 2;
	add.s64 	%rd44, %rd26, %rd27;
$L__BB4_2:
	mul.lo.s64 	%rd28, %rd43, %rd6;
	add.s64 	%rd29, %rd28, %rd2;
	shl.b64 	%rd30, %rd29, 2;
	add.s64 	%rd15, %rd9, %rd30;
	mul.lo.s64 	%rd31, %rd28, %rd3;
	add.s64 	%rd16, %rd31, %rd4;
	shl.b64 	%rd32, %rd16, 2;
	add.s64 	%rd17, %rd7, %rd32;
	setp.le.u64 	%p2, %rd3, %rd11;
	@%p2 bra 	$L__BB4_14;
	ld.f32 	%f1, [%rd15];
	mov.u64 	%rd45, %rd11;
$L__BB4_4:
	shl.b64 	%rd33, %rd45, 2;
	add.s64 	%rd19, %rd44, %rd33;
	ld.f32 	%f2, [%rd19];
	add.s64 	%rd20, %rd17, %rd33;
	setp.gt.f32 	%p3, %f1, 0f00000000;
	@%p3 bra 	$L__BB4_6;
	bra.uni 	$L__BB4_5;
$L__BB4_6:
	setp.eq.s64 	%p4, %rd45, 0;
	mov.f32 	%f91, 0fFF61B1E6;
	mov.f32 	%f90, %f91;
	@%p4 bra 	$L__BB4_8;
	ld.f32 	%f90, [%rd19+-4];
$L__BB4_8:
	setp.lt.u64 	%p5, %rd45, 2;
	@%p5 bra 	$L__BB4_10;
	add.s64 	%rd34, %rd45, %rd4;
	shl.b64 	%rd35, %rd34, 2;
	add.s64 	%rd36, %rd8, %rd35;
	ld.f32 	%f14, [%rd36];
	ld.f32 	%f15, [%rd19+-8];
	add.rn.f32 	%f91, %f15, %f14;
$L__BB4_10:
	max.f32 	%f16, %f90, %f91;
	max.f32 	%f7, %f2, %f16;
	sub.rn.f32 	%f17, %f2, %f7;
	mov.f32 	%f18, 0f3F000000;
	mov.f32 	%f19, 0f3BBB989D;
	fma.rn.f32 	%f20, %f17, %f19, %f18;
	mov.f32 	%f21, 0f3FB8AA3B;
	mov.f32 	%f22, 0f437C0000;
	cvt.sat.f32.f32 	%f23, %f20;
	mov.f32 	%f24, 0f4B400001;
	fma.rm.f32 	%f25, %f23, %f22, %f24;
	add.rn.f32 	%f26, %f25, 0fCB40007F;
	neg.f32 	%f27, %f26;
	fma.rn.f32 	%f28, %f17, %f21, %f27;
	mov.f32 	%f29, 0f32A57060;
	fma.rn.f32 	%f30, %f17, %f29, %f28;
	mov.b32 	%r3, %f25;
	shl.b32 	%r4, %r3, 23;
	mov.b32 	%f31, %r4;
	ex2.approx.ftz.f32 	%f32, %f30;
	mul.rn.f32 	%f33, %f32, %f31;
	sub.rn.f32 	%f34, %f90, %f7;
	fma.rn.f32 	%f35, %f34, %f19, %f18;
	cvt.sat.f32.f32 	%f36, %f35;
	fma.rm.f32 	%f37, %f36, %f22, %f24;
	add.rn.f32 	%f38, %f37, 0fCB40007F;
	neg.f32 	%f39, %f38;
	fma.rn.f32 	%f40, %f34, %f21, %f39;
	fma.rn.f32 	%f41, %f34, %f29, %f40;
	mov.b32 	%r5, %f37;
	shl.b32 	%r6, %r5, 23;
	mov.b32 	%f42, %r6;
	ex2.approx.ftz.f32 	%f43, %f41;
	mul.rn.f32 	%f44, %f43, %f42;
	add.rn.f32 	%f45, %f33, %f44;
	sub.rn.f32 	%f46, %f91, %f7;
	fma.rn.f32 	%f47, %f46, %f19, %f18;
	cvt.sat.f32.f32 	%f48, %f47;
	fma.rm.f32 	%f49, %f48, %f22, %f24;
	add.rn.f32 	%f50, %f49, 0fCB40007F;
	neg.f32 	%f51, %f50;
	fma.rn.f32 	%f52, %f46, %f21, %f51;
	fma.rn.f32 	%f53, %f46, %f29, %f52;
	mov.b32 	%r7, %f49;
	shl.b32 	%r8, %r7, 23;
	mov.b32 	%f54, %r8;
	ex2.approx.ftz.f32 	%f55, %f53;
	mul.rn.f32 	%f56, %f55, %f54;
	add.rn.f32 	%f57, %f45, %f56;
	setp.lt.f32 	%p6, %f57, 0f00800000;
	mul.rn.f32 	%f58, %f57, 0f4B000000;
	selp.f32 	%f8, %f58, %f57, %p6;
	selp.f32 	%f59, 0fC1B80000, 0f00000000, %p6;
	mov.b32 	%r9, %f8;
	add.s32 	%r10, %r9, -1059760811;
	and.b32  	%r11, %r10, -8388608;
	sub.s32 	%r12, %r9, %r11;
	mov.b32 	%f60, %r12;
	cvt.rn.f32.s32 	%f61, %r11;
	mov.f32 	%f62, 0f34000000;
	fma.rn.f32 	%f63, %f61, %f62, %f59;
	add.rn.f32 	%f64, %f60, 0fBF800000;
	mov.f32 	%f65, 0f3E1039F6;
	mov.f32 	%f66, 0fBE055027;
	fma.rn.f32 	%f67, %f66, %f64, %f65;
	mov.f32 	%f68, 0fBDF8CDCC;
	fma.rn.f32 	%f69, %f67, %f64, %f68;
	mov.f32 	%f70, 0f3E0F2955;
	fma.rn.f32 	%f71, %f69, %f64, %f70;
	mov.f32 	%f72, 0fBE2AD8B9;
	fma.rn.f32 	%f73, %f71, %f64, %f72;
	mov.f32 	%f74, 0f3E4CED0B;
	fma.rn.f32 	%f75, %f73, %f64, %f74;
	mov.f32 	%f76, 0fBE7FFF22;
	fma.rn.f32 	%f77, %f75, %f64, %f76;
	mov.f32 	%f78, 0f3EAAAA78;
	fma.rn.f32 	%f79, %f77, %f64, %f78;
	mov.f32 	%f80, 0fBF000000;
	fma.rn.f32 	%f81, %f79, %f64, %f80;
	mul.rn.f32 	%f82, %f81, %f64;
	fma.rn.f32 	%f83, %f82, %f64, %f64;
	mov.f32 	%f84, 0f3F317218;
	fma.rn.f32 	%f92, %f63, %f84, %f83;
	setp.lt.u32 	%p7, %r9, 2139095040;
	@%p7 bra 	$L__BB4_12;
	mov.f32 	%f85, 0f7F800000;
	fma.rn.f32 	%f92, %f8, %f85, %f85;
$L__BB4_12:
	mul.lo.s64 	%rd42, %rd43, %rd6;
	mul.lo.s64 	%rd41, %rd42, %rd3;
	add.s64 	%rd40, %rd41, %rd4;
	setp.eq.f32 	%p8, %f8, 0f00000000;
	selp.f32 	%f86, 0fFF800000, %f92, %p8;
	add.rn.f32 	%f87, %f7, %f86;
	add.s64 	%rd37, %rd45, %rd40;
	shl.b64 	%rd38, %rd37, 2;
	add.s64 	%rd39, %rd10, %rd38;
	ld.f32 	%f88, [%rd39];
	add.rn.f32 	%f89, %f88, %f87;
	st.f32 	[%rd20], %f89;
	bra.uni 	$L__BB4_13;
$L__BB4_5:
	st.f32 	[%rd20], %f2;
$L__BB4_13:
	add.s64 	%rd45, %rd45, 256;
	setp.lt.u64 	%p9, %rd45, %rd3;
	@%p9 bra 	$L__BB4_4;
$L__BB4_14:
	bar.sync 	0;
	add.s64 	%rd43, %rd43, 1;
	setp.lt.u64 	%p10, %rd43, %rd5;
	mov.u64 	%rd44, %rd17;
	@%p10 bra 	$L__BB4_2;
$L__BB4_15:
	ret;
}
`;
