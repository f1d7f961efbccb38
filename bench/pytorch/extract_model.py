"""The EH-MAM encoder in PyTorch, eager, driven line by line over standard input.

    python extract_model.py FOLDER

FOLDER holds step.json (cfg as the official trainer has it, threads, tensors) and step.bin (parameters and utterances),
as question.py reads them. For each line `NAME explicit|fused` the utterance of that name is encoded once, every hidden
state kept, with the attention written out or PyTorch's fused one; the answer is a JSON line {"seconds"}, and NAME.out
holds the last hidden state.
The forward pass is the one that test/fixtures/scripts/torch_ehmam.py checks against the released code's values.
"""

import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

from question import load

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "test" / "fixtures" / "scripts"))
sys.dont_write_bytecode = True


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


def main(folder):
    sys.modules.setdefault("safetensors", type(sys)("safetensors"))
    stub = sys.modules.setdefault("safetensors.torch", type(sys)("safetensors.torch"))
    for name in ("load_file", "save_file"):
        stub.__dict__.setdefault(name, None)  # torch_ehmam imports them for its own files alone
    import torch_ehmam as model

    described, tensors = load(folder)
    torch.set_num_threads(described["threads"])
    parameters = {
        name.removeprefix("parameters/"): value for name, value in tensors.items() if name.startswith("parameters/")
    }
    blocks = {"explicit": model.block}
    if hasattr(F, "scaled_dot_product_attention"):
        blocks["fused"] = fused_block(model)
    print(json.dumps({"version": torch.__version__, "attentions": list(blocks)}), flush=True)
    for line in sys.stdin:
        name, attention = line.split()
        model.block = blocks[attention]
        started = time.perf_counter()
        with torch.inference_mode():
            outputs = model.features(described["cfg"], parameters, tensors[f"utterances/{name}"])
        seconds = time.perf_counter() - started
        (folder / f"{name}.out").write_bytes(outputs["x"].numpy().tobytes())
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
