"""The training step of bench/engine-model.ts in PyTorch, driven line by line over standard input.

    python engine_step.py FOLDER

FOLDER holds step.json (sizes, threads, tensors) and step.bin (their values), as question.py reads them.
Each input line makes one step and answers with a JSON line {"seconds", "loss"}; the line "gradients" instead writes
gradients.bin (one tensor after the other, in the order of the parameters) and answers {}.
"""

import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

from question import load


def block(p, name, x, heads):
    batch, frames, width = x.shape

    def linear(part, z):
        return F.linear(z, p[f"{name}.{part}.weight"], p[f"{name}.{part}.bias"])

    def norm(part, z):
        return F.layer_norm(z, (width,), p[f"{name}.{part}.weight"], p[f"{name}.{part}.bias"], 1e-5)

    q, k, v = linear("attn.qkv", x).reshape(batch, frames, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    if hasattr(F, "scaled_dot_product_attention"):
        mixed = F.scaled_dot_product_attention(q, k, v)
    else:
        mixed = ((q * (width // heads) ** -0.5) @ k.transpose(-2, -1)).softmax(-1) @ v
    x = norm("norm1", x + linear("attn.proj", mixed.transpose(1, 2).reshape(batch, frames, width)))
    return norm("norm2", x + linear("mlp.fc2", F.gelu(linear("mlp.fc1", x))))


def main(folder):
    described, tensors = load(folder)
    torch.set_num_threads(described["threads"])
    sizes = described["sizes"]
    x, y = tensors.pop("batch/x"), tensors.pop("batch/y")
    parameters = {name.removeprefix("parameters/"): value.requires_grad_(True) for name, value in tensors.items()}
    print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        if line.strip() == "gradients":
            joined = torch.cat([value.grad.reshape(-1) for value in parameters.values()])
            (folder / "gradients.bin").write_bytes(joined.numpy().tobytes())
            print("{}", flush=True)
            continue
        started = time.perf_counter()
        for value in parameters.values():
            value.grad = None
        hidden = x
        for i in range(sizes["layers"]):
            hidden = block(parameters, f"blocks.{i}", hidden, sizes["heads"])
        loss = (hidden - y).square().mean()
        loss.backward()
        print(json.dumps({"seconds": time.perf_counter() - started, "loss": loss.item()}), flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
