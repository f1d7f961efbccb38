"""The EH-MAM encoder in PyTorch, eager, driven line by line over standard input.

    python extract_model.py FOLDER THREADS

FOLDER holds cfg.json (as the official trainer has it), model.safetensors, and for each line `NAME explicit|fused` that
comes in NAME.bin, a float32 waveform. It is encoded once, every hidden state kept, with the attention written out or
PyTorch's fused one; the answer is a JSON line {"seconds"}, and NAME.out holds the last hidden state.
The forward pass is the one that test/fixtures/scripts/torch_ehmam.py checks against the released code's values.
"""

import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "scripts"))


def read_safetensors(file):
    """Without the safetensors package, which a Python with torch need not have."""
    bytes_ = bytearray(file.read_bytes())
    length = int.from_bytes(bytes_[:8], "little")
    header = json.loads(bytes_[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            offset, count = 8 + length + begin, (end - begin) // 4
            tensors[name] = torch.frombuffer(bytes_, dtype=torch.float32, offset=offset, count=count).reshape(entry["shape"])
    return tensors


def fused_block(model):
    def block(cfg, p, name, x, bias):
        batch, time_, width = x.shape
        heads, eps = cfg["num_heads"], cfg["norm_eps"]
        joined = model.linear(p, name + ".attn.qkv", x).view(batch, time_, 3, heads, width // heads)
        q, k, v = joined.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = model.norm(p, name + ".norm1", x + model.linear(p, name + ".attn.proj", mixed.transpose(1, 2).flatten(2)), eps)
        ffn = model.linear(p, name + ".mlp.fc2", F.gelu(model.linear(p, name + ".mlp.fc1", x)))
        return model.norm(p, name + ".norm2", x + ffn, eps), ffn

    return block


def main(folder, threads):
    sys.modules.setdefault("safetensors", type(sys)("safetensors"))
    stub = sys.modules.setdefault("safetensors.torch", type(sys)("safetensors.torch"))
    for name in ("load_file", "save_file"):
        stub.__dict__.setdefault(name, None)  # torch_ehmam imports them for its own files alone
    import torch_ehmam as model

    torch.set_num_threads(threads)
    cfg = json.loads((folder / "cfg.json").read_text())
    parameters = read_safetensors(folder / "model.safetensors")
    blocks = {"explicit": model.block}
    if hasattr(F, "scaled_dot_product_attention"):
        blocks["fused"] = fused_block(model)
    print(json.dumps({"version": torch.__version__, "attentions": list(blocks)}), flush=True)
    for line in sys.stdin:
        name, attention = line.split()
        model.block = blocks[attention]
        wave = torch.frombuffer(bytearray((folder / f"{name}.bin").read_bytes()), dtype=torch.float32)[None]
        started = time.perf_counter()
        with torch.inference_mode():
            outputs = model.features(cfg, parameters, wave)
        seconds = time.perf_counter() - started
        (folder / f"{name}.out").write_bytes(outputs["x"].numpy().tobytes())
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
