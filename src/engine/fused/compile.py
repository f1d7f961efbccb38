"""Makes kernels.ts of kernels.cu: PTX for every device since Volta that drivers of CUDA 12 and newer translate.

    pip install nvidia-cuda-nvrtc-cu11==11.8.89 && python src/engine/fused/compile.py
"""

import ctypes
import hashlib
from pathlib import Path

import nvidia.cuda_nvrtc

folder = Path(__file__).parent
source = (folder / "kernels.cu").read_bytes()
options = [b"--gpu-architecture=compute_70", b"--fmad=false"]

nvrtc = ctypes.CDLL(next(Path(nvidia.cuda_nvrtc.__path__[0]).glob("lib/libnvrtc.so.*")))
program = ctypes.c_void_p()
nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"kernels.cu", 0, None, None)
code = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))


def text(kind: str) -> str:
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    written = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{kind}")(program, written)
    return written.value.decode()


if code != 0:
    raise SystemExit(text("ProgramLog"))
lines = [
    line
    for line in text("PTX").splitlines()
    if line.strip() and not line.startswith("//") and "_INTERNAL_" not in line
]
(folder / "kernels.ts").write_text(
    f"/** @file PTX of kernels.cu {hashlib.sha256(source).hexdigest()}, as compile.py wrote it. */\n\n"
    "export const kernels = `" + "\n".join(lines) + "\n`;\n"
)
