"""The student's update of src/pretrain/step.ts in PyTorch, driven line by line over standard input.

    python pretrain_step.py FOLDER

Forward and backward pass, Adam and the teacher's average, as a careful PyTorch programmer writes them: fused
attention, fused Adam, one call for all of the average. "step" makes an update and answers {"seconds", "loss"}, the
loss being the one before the update; "memory" answers {"megabytes"}: the most this process has held.
"""

import json
import math
import pathlib
import resource
import sys
import time

import torch
import torch.nn.functional as F

from question import load

audio = "modality_encoders.AUDIO"


def slopes(heads):
    power = 2 ** math.floor(math.log2(heads))
    start = 2 ** (-(2 ** -(math.log2(power) - 3)))
    found = [start ** (i + 1) for i in range(power)]
    return found if power == heads else found + slopes(2 * power)[0::2][: heads - power]


class Student:
    def __init__(self, encoder, parameters):
        self.encoder, self.p = encoder, parameters

    def linear(self, name, x):
        return F.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])

    def norm(self, name, x):
        eps = self.encoder["normEpsilon"] if ".norm" in name else 1e-5
        return F.layer_norm(x, x.shape[-1:], self.p[name + ".weight"], self.p[name + ".bias"], eps)

    def convolutions(self, wave):  # (B, samples) -> (B, T, C)
        x = wave.unsqueeze(1)
        for i, (_, _, stride) in enumerate(self.encoder["frontend"]["layers"]):
            name = f"{audio}.local_encoder.conv_layers.{i}"
            x = F.conv1d(x, self.p[name + ".0.weight"], stride=stride).transpose(1, 2)
            x = F.gelu(self.norm(name + ".2.1", x)).transpose(1, 2)
        return x.transpose(1, 2)

    def same(self, name, x, groups):  # (B, C, T) -> (B, C', T)
        weight = self.p[name + ".weight"]
        y = F.conv1d(x, weight, self.p[name + ".bias"], padding=weight.shape[2] // 2, groups=groups).transpose(1, 2)
        return F.gelu(F.layer_norm(y, y.shape[-1:])).transpose(1, 2)

    def block(self, name, x, bias):
        batch, frames, width = x.shape
        heads = self.encoder["heads"]
        qkv = self.linear(name + ".attn.qkv", x).view(batch, frames, 3, heads, width // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = self.norm(name + ".norm1", x + self.linear(name + ".attn.proj", mixed.transpose(1, 2).reshape(x.shape)))
        hidden = F.gelu(self.linear(name + ".mlp.fc1", x))
        return self.norm(name + ".norm2", x + self.linear(name + ".mlp.fc2", hidden))

    def decoder(self, name, x):  # (B, T, D) -> (B, T, decoder width)
        settings = self.encoder["decoder"]
        y = x.transpose(1, 2)
        for i in range(settings["layers"]):
            z = self.same(f"{name}.blocks.{i}.0", y, settings["groups"])
            y = z + y if z.shape == y.shape else z
        return y.transpose(1, 2)

    def loss(self, inputs, weight):
        encoder, source, targets = self.encoder, inputs["studentInput"], inputs["targets"]
        mask = inputs["masks/mask"].bool()
        batch, frames, width = targets.shape
        features = self.convolutions(source) if encoder["frontend"]["type"] == "conv" else source
        x = self.linear(f"{audio}.project_features.2", self.norm(f"{audio}.project_features.1", features))
        y = (x * ~mask.unsqueeze(2)).transpose(1, 2)
        for i in range(encoder["position"]["layers"]):
            y = self.same(f"{audio}.relative_positional_encoder.{i + 1}.0", y, encoder["position"]["groups"])
        seen = (x + y.transpose(1, 2))[~mask].view(batch, -1, width)  # every row hides as many frames
        places = torch.arange(frames).expand(batch, -1)[~mask].view(batch, -1).float()
        distance = (places.unsqueeze(2) - places.unsqueeze(1)).abs().unsqueeze(1)
        scale = self.p[f"{audio}.alibi_scale"].view(1, -1, 1, 1).clamp(min=0)
        bias = distance * -torch.tensor(slopes(encoder["heads"])).view(1, -1, 1, 1) * scale
        seen = self.norm(f"{audio}.context_encoder.norm", seen)
        for i in range(encoder["prenetBlocks"]):
            seen = self.block(f"{audio}.context_encoder.blocks.{i}", seen, bias)
        for i in range(encoder["blocks"]):
            seen = self.block(f"blocks.{i}", seen, bias)
        restored = inputs["noise"].masked_scatter(~mask.unsqueeze(2).expand(-1, -1, width), seen)
        predictions = self.linear(f"{audio}.decoder.proj", self.decoder(f"{audio}.decoder", restored))
        elementwise = (predictions[mask] - targets[mask]) ** 2 / math.sqrt(width)  # (masked, D)
        name = f"{audio}.decoder_pred"
        hidden = self.norm(f"{name}.proj.0", self.decoder(name, restored))
        predicted = self.linear(f"{name}.proj.1", hidden).mean(-1)[mask].view(batch, -1)
        actual = elementwise.sum(-1).detach().view(batch, -1)
        chance = (predicted.unsqueeze(2) - predicted.unsqueeze(1)).sigmoid()
        order = actual.unsqueeze(2) - actual.unsqueeze(1)
        harder, easier = order > 0, order < 0
        ranking = -(harder * (chance + 1e-6).log() + easier * (1 - chance + 1e-6).log()).sum()
        pairs = (harder | easier).sum().clamp(min=1)
        return elementwise.sum() / mask.sum() + weight * ranking / pairs


def main(folder):
    described, tensors = load(folder)
    torch.set_num_threads(described["threads"])
    parts = {kind: {} for kind in ("student", "teacher")}
    for name in list(tensors):
        kind, _, rest = name.partition("/")
        if kind in parts:
            parts[kind][rest] = tensors.pop(name)
    student = {name: value.requires_grad_(True) for name, value in parts["student"].items()}
    teacher = list(parts["teacher"].values())
    followed = [student[name] for name in parts["teacher"]]
    plain = [value for name, value in student.items() if name in described["exempt"]]
    decayed = [value for name, value in student.items() if name not in described["exempt"]]
    settings = described["optimizer"]
    optimizer = torch.optim.Adam(
        [{"params": decayed, "weight_decay": settings["weightDecay"]}, {"params": plain, "weight_decay": 0}],
        lr=settings["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        fused=True,
    )
    model = Student(described["encoder"], student)
    print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        if line.strip() == "memory":
            megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"megabytes": megabytes}), flush=True)
            continue
        started = time.perf_counter()
        optimizer.zero_grad()
        loss = model.loss(tensors, described["rankingWeight"])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(teacher, followed, 1 - described["decay"])
        print(json.dumps({"seconds": time.perf_counter() - started, "loss": loss.item()}), flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
