/** @file One frame of FLAC, decoded to the integers that were coded (RFC 9639). */
import { type Bits, crc8, crc16, readBits, readRice, readSigned, readUnary } from './flac-bits.js';
import type { AudioHeader } from './source.js';

/** What STREAMINFO says. */
export interface FlacInfo extends AudioHeader {
  readonly bits: number;
  /** Samples a channel of the longest and of the shortest block but the last. */
  readonly longestBlock: number;
  readonly shortestBlock: number;
  /** A frame has at most so many bytes. */
  readonly longestFrame: number;
}

export interface FrameHeader {
  /** Of its first sample, counted from the start of the stream. */
  readonly first: number;
  /** Samples a channel. */
  readonly size: number;
  /** 0 to 7: so many channels and one more; 8 left and side, 9 side and right, 10 mid and side. */
  readonly assignment: number;
  /** Bits where the subframes begin. */
  readonly end: number;
}

const blockSizes = [0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768];
const sampleBits = [0, 8, 12, 0, 16, 20, 24, 32];

/** The header at a byte; undefined where there is none that fits the stream. */
export function frameHeader(view: DataView, at: number, info: FlacInfo): FrameHeader | undefined {
  if ((view.getUint16(at) & 0xfffe) !== 0xfff8) return undefined;
  const bits: Bits = { view, position: 8 * at + 15 };
  const variable = readBits(bits, 1) === 1;
  const [sizeCode, rateCode, assignment, bitsCode] = [4, 4, 4, 3].map((width) => readBits(bits, width)) as [
    number,
    number,
    number,
    number,
  ];
  const channels = assignment < 8 ? assignment + 1 : 2;
  if (sizeCode === 0 || rateCode === 15 || assignment > 10 || channels !== info.channels) return undefined;
  if (readBits(bits, 1) !== 0 || (bitsCode !== 0 && sampleBits[bitsCode] !== info.bits)) return undefined;
  const number = readCodedNumber(bits);
  if (number === undefined) return undefined;
  const size =
    sizeCode === 6 || sizeCode === 7 ? readBits(bits, 8 * (sizeCode - 5)) + 1 : blockSizes[sizeCode];
  if (rateCode >= 12) readBits(bits, rateCode === 12 ? 8 : 16);
  const end = bits.position / 8;
  if (size === undefined || size > info.longestBlock) return undefined;
  if (crc8(bytesOf(view), at, end) !== readBits(bits, 8)) return undefined;
  return { first: variable ? number : number * info.shortestBlock, size, assignment, end: bits.position };
}

/** As UTF-8 codes a character, but of up to 36 bits. */
function readCodedNumber(bits: Bits): number | undefined {
  const lead = readBits(bits, 8);
  if (lead < 0x80) return lead;
  const ones = Math.clz32(~(lead << 24));
  if (ones < 2 || ones > 7) return undefined;
  let number = lead & (0x7f >> ones);
  for (let i = 1; i < ones; i++) {
    const next = readBits(bits, 8);
    if (next >> 6 !== 2) return undefined;
    number = number * 64 + (next & 63);
  }
  return number;
}

/**
 * Decodes the frame at a byte.
 * @param channels get the samples; each holds the longest block
 * @returns its header, and the byte that follows it
 * @throws Error that says what is wrong with the frame
 */
export function decodeFrame(
  view: DataView,
  at: number,
  info: FlacInfo,
  channels: readonly Int32Array[],
): { readonly header: FrameHeader; readonly next: number } {
  const header = frameHeader(view, at, info);
  if (header === undefined) throw new Error('a frame header is missing');
  const { size, assignment } = header;
  const bits: Bits = { view, position: header.end };
  for (const [i, channel] of channels.entries()) {
    const isSide = assignment === 9 ? i === 0 : assignment > 7 && i === 1;
    decodeSubframe(bits, info.bits + (isSide ? 1 : 0), channel, size);
  }
  const end = (bits.position + 7) >>> 3;
  bits.position = 8 * end;
  if (readBits(bits, 16) !== crc16(bytesOf(view), at, end))
    throw new Error('the checksum of a frame is wrong');
  joinStereo(assignment, channels, size);
  return { header, next: end + 2 };
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function decodeSubframe(bits: Bits, frameBits: number, output: Int32Array, size: number): void {
  const head = readBits(bits, 8);
  const kind = (head >> 1) & 63;
  const wasted = head & 1 ? readUnary(bits) + 1 : 0;
  const width = frameBits - wasted;
  if (head & 128 || width < 1) throw new Error('invalid subframe header');
  if (kind === 0) output.fill(readSigned(bits, width), 0, size);
  else if (kind === 1) readVerbatim(bits, width, output, 0, size);
  else if (kind >= 8 && kind <= 12) {
    readStart(bits, width, output, kind - 8, size);
    addFixed(output, kind - 8, size);
  } else if (kind >= 32) decodeLpc(bits, width, output, kind - 31, size);
  else throw new Error('unknown subframe type');
  if (wasted > 0) for (let i = 0; i < size; i++) output[i] = (output[i] as number) << wasted;
}

function readVerbatim(bits: Bits, width: number, output: Int32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) output[i] = readSigned(bits, width);
}

/** The samples that a predictor starts from, and the residuals behind them. */
function readStart(bits: Bits, width: number, output: Int32Array, order: number, size: number): void {
  if (order > size) throw new Error('a predictor is longer than its block');
  readVerbatim(bits, width, output, 0, order);
  readResiduals(bits, output, order, size);
}

function readResiduals(bits: Bits, output: Int32Array, order: number, size: number): void {
  const method = readBits(bits, 2);
  if (method > 1) throw new Error('unknown residual coding');
  const parameterBits = 4 + method;
  const escaped = (1 << parameterBits) - 1;
  const partitionOrder = readBits(bits, 4);
  const partition = size >> partitionOrder;
  if (partition << partitionOrder !== size || partition < order)
    throw new Error('partitions do not match their block');
  for (let p = 0; p < 1 << partitionOrder; p++) {
    const from = Math.max(order, p * partition);
    const to = (p + 1) * partition;
    const parameter = readBits(bits, parameterBits);
    if (parameter === escaped) readVerbatim(bits, readBits(bits, 5), output, from, to);
    else readRice(bits, parameter, output, from, to - from);
  }
}

/** Adds what a polynomial of the samples before predicts. */
function addFixed(s: Int32Array, order: number, size: number): void {
  if (order === 0) return;
  // Binomials of alternating sign.
  const [a, b, c, d] = [
    [1, 0, 0, 0],
    [2, -1, 0, 0],
    [3, -3, 1, 0],
    [4, -6, 4, -1],
  ][order - 1] as number[] as [number, number, number, number];
  for (let i = order; i < size; i++) {
    let sum = (s[i] as number) + a * (s[i - 1] as number);
    if (order > 1) sum += b * (s[i - 2] as number);
    if (order > 2) sum += c * (s[i - 3] as number);
    if (order > 3) sum += d * (s[i - 4] as number);
    s[i] = sum;
  }
}

function decodeLpc(bits: Bits, width: number, output: Int32Array, order: number, size: number): void {
  if (order > size) throw new Error('a predictor is longer than its block');
  readVerbatim(bits, width, output, 0, order);
  const precision = readBits(bits, 4) + 1;
  const shift = readSigned(bits, 5);
  if (precision === 16 || shift < 0) throw new Error('unknown predictor');
  // The last coefficient, that of the oldest sample, comes first, to be met in the order of the samples.
  const coefficients = new Int32Array(order);
  for (let i = order - 1; i >= 0; i--) coefficients[i] = readSigned(bits, precision);
  readResiduals(bits, output, order, size);
  const fits = width + precision + Math.ceil(Math.log2(order)) <= 32;
  if (fits) addLpc(output, coefficients, shift, size);
  else addWideLpc(output, coefficients, shift, size);
}

/** Adds what the samples before predict, in 32 bits. */
function addLpc(s: Int32Array, coefficients: Int32Array, shift: number, size: number): void {
  const order = coefficients.length;
  const unrolled = order <= 8 ? Math.min(size, 8) : size;
  for (let i = order; i < unrolled; i++) {
    let sum = 0;
    for (let j = 0, at = i - order; j < order; j++, at++) {
      sum = (sum + Math.imul(coefficients[j] as number, s[at] as number)) | 0;
    }
    s[i] = (s[i] as number) + (sum >> shift);
  }
  if (unrolled < size) addLpcOfEight(s, coefficients, shift, size);
}

/** From sample 8 on, with coefficients and samples before in registers: twice as fast for the orders encoders choose. */
function addLpcOfEight(s: Int32Array, coefficients: Int32Array, shift: number, size: number): void {
  const [c0, c1, c2, c3, c4, c5, c6, c7] = eight(coefficients);
  let [s0, s1, s2, s3, s4, s5, s6, s7] = eight(s.subarray(0, 8));
  for (let i = 8; i < size; i++) {
    const low = (Math.imul(c0, s0) + Math.imul(c1, s1) + Math.imul(c2, s2) + Math.imul(c3, s3)) | 0;
    const high = (Math.imul(c4, s4) + Math.imul(c5, s5) + Math.imul(c6, s6) + Math.imul(c7, s7)) | 0;
    const next = ((s[i] as number) + (((low + high) | 0) >> shift)) | 0;
    s[i] = next;
    s0 = s1;
    s1 = s2;
    s2 = s3;
    s3 = s4;
    s4 = s5;
    s5 = s6;
    s6 = s7;
    s7 = next;
  }
}

type Eight = [number, number, number, number, number, number, number, number];

/** Zeros before, so that the last stands last. */
function eight(values: Int32Array): Eight {
  const padded = new Int32Array(8);
  padded.set(values, 8 - values.length);
  return Array.from(padded) as Eight;
}

/** The same where the sum needs up to 53 bits. */
function addWideLpc(s: Int32Array, coefficients: Int32Array, shift: number, size: number): void {
  const order = coefficients.length;
  const scale = 2 ** -shift;
  for (let i = order; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < order; j++) sum += (coefficients[j] as number) * (s[i - order + j] as number);
    s[i] = (s[i] as number) + Math.floor(sum * scale);
  }
}

function joinStereo(assignment: number, channels: readonly Int32Array[], size: number): void {
  if (assignment < 8) return;
  const [a, b] = channels as [Int32Array, Int32Array];
  for (let i = 0; i < size; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (assignment === 8) b[i] = x - y;
    else if (assignment === 9) a[i] = x + y;
    else {
      const mid = (x << 1) | (y & 1);
      a[i] = (mid + y) >> 1;
      b[i] = (mid - y) >> 1;
    }
  }
}
