"""The parts of EH-MAM's encoder in PyTorch that its pre-training and its fine-tuning share."""

import math

import torch
import torch.nn.functional as F

audio = "modality_encoders.AUDIO"


def slopes(heads):
    power = 2 ** math.floor(math.log2(heads))
    start = 2 ** (-(2 ** -(math.log2(power) - 3)))
    found = [start ** (i + 1) for i in range(power)]
    return found if power == heads else found + slopes(2 * power)[0::2][: heads - power]


class Ehmam:
    mlps = None
    """A list gets every block's MLP output, which a teacher's targets are made of."""

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
        hidden = self.linear(name + ".mlp.fc2", F.gelu(self.linear(name + ".mlp.fc1", x)))
        if self.mlps is not None:
            self.mlps.append(hidden)
        return self.norm(name + ".norm2", x + hidden)

    def project(self, features):  # (B, T, C) -> (B, T, D)
        return self.linear(f"{audio}.project_features.2", self.norm(f"{audio}.project_features.1", features))

    def position(self, x):  # (B, T, D)
        y = x.transpose(1, 2)
        for i in range(self.encoder["position"]["layers"]):
            y = self.same(f"{audio}.relative_positional_encoder.{i + 1}.0", y, self.encoder["position"]["groups"])
        return y.transpose(1, 2)

    def blocks(self, x, places):  # (B, T, D), (B or 1, T)
        distance = (places.unsqueeze(2) - places.unsqueeze(1)).abs().unsqueeze(1)
        scale = self.p[f"{audio}.alibi_scale"].view(1, -1, 1, 1).clamp(min=0)
        bias = distance * -torch.tensor(slopes(self.encoder["heads"])).view(1, -1, 1, 1) * scale
        x = self.norm(f"{audio}.context_encoder.norm", x)
        for i in range(self.encoder["prenetBlocks"]):
            x = self.block(f"{audio}.context_encoder.blocks.{i}", x, bias)
        for i in range(self.encoder["blocks"]):
            x = self.block(f"blocks.{i}", x, bias)
        return x
