"""Zeroes a CUDA library's machine code for other devices, so that it compresses to a fifth.

    python prune.py LIBRARY OUT [COMPUTE_CAPABILITY]

The library keeps its size and its layout. Without a compute capability (90 for H100 and H200) it is copied as it is.
A fat binary is a header (magic, version, header size, size of all entries) and entries, each with a header of its own
(kind, 2 for machine code; header size; size; at byte 28 the compute capability) and the code.
"""

import pathlib
import struct
import sys

magic = struct.pack("<I", 0xBA55ED50)
machine_code = 2


def prune(library, kept):
    at = library.find(magic)
    while at >= 0:
        version, header, size = struct.unpack_from("<HHQ", library, at + 4)
        end = at + header + size
        if (version, header) != (1, 16) or end > len(library):
            at = library.find(magic, at + 4)
            continue
        entry = at + header
        while entry < end:
            kind, _, own_header, own_size = struct.unpack_from("<HHIQ", library, entry)
            (capability,) = struct.unpack_from("<I", library, entry + 28)
            code = entry + own_header
            if kind == machine_code and capability != kept:
                library[code : code + own_size] = bytes(own_size)
            entry = code + own_size
        at = library.find(magic, end)


if __name__ == "__main__":
    content = bytearray(pathlib.Path(sys.argv[1]).read_bytes())
    if len(sys.argv) > 3:
        prune(content, int(sys.argv[3]))
    pathlib.Path(sys.argv[2]).write_bytes(content)
