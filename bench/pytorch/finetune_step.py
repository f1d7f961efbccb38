"""An update of fine-tuning with CTC (src/finetune) in PyTorch, driven line by line over standard input.

    python finetune_step.py FOLDER

EH-MAM or wav2vec 2.0 of base layout with an output layer: forward and backward pass of every part of the batch, then Adam.
Written as a careful PyTorch programmer does: fused attention, fused Adam, no gradient through the convolutions, which are
never trained. "step" makes an update and answers {"seconds", "loss"}, the loss being the one before the update; "memory"
answers {"megabytes"}: the most this process has held.
"""

import pathlib
import sys

import torch
import torch.nn.functional as F

from ehmam import Ehmam
from question import answer, load


def hide(x, part, frame):  # (B, T, D): noise or the learnt frame where frames are masked, zeros in masked channels
    mask = part["masks/frames"].unsqueeze(2)
    filling = part["masks/noise"] if frame is None else frame
    return (x * (1 - mask) + filling * mask) * (1 - part["masks/channels"].unsqueeze(1))


class EhmamRecogniser(Ehmam):
    def states(self, part):
        with torch.no_grad():
            isConv = self.encoder["frontend"]["type"] == "conv"
            features = self.convolutions(part["speech/waveform"]) if isConv else part["features"]
        x = hide(self.project(features), part, None)
        return self.blocks(x + self.position(x), torch.arange(x.shape[1]).float().unsqueeze(0))


class Wav2vec2Recogniser:
    def __init__(self, encoder, parameters):
        self.encoder, self.p = encoder, parameters

    def linear(self, name, x):
        return F.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])

    def norm(self, name, x):
        eps = self.encoder["normEpsilon"]
        return F.layer_norm(x, x.shape[-1:], self.p[name + ".weight"], self.p[name + ".bias"], eps)

    def convolutions(self, wave):  # (B, samples) -> (B, T, C)
        x = wave.unsqueeze(1)
        for i, (channels, _, stride) in enumerate(self.encoder["convolutions"]):
            name = f"feature_extractor.conv_layers.{i}"
            x = F.conv1d(x, self.p[name + ".conv.weight"], stride=stride)
            if i == 0:
                weight, bias = self.p[name + ".layer_norm.weight"], self.p[name + ".layer_norm.bias"]
                x = F.group_norm(x, channels, weight, bias)
            x = F.gelu(x)
        return x.transpose(1, 2)

    def position(self, x):  # (B, T, D)
        kernel, groups = self.encoder["position"]["kernel"], self.encoder["position"]["groups"]
        weight, bias = (self.p[f"encoder.pos_conv_embed.conv.{kind}"] for kind in ("weight", "bias"))
        y = F.conv1d(x.transpose(1, 2), weight, bias, padding=kernel // 2, groups=groups)
        return F.gelu(y[:, :, : x.shape[1]]).transpose(1, 2)

    def block(self, name, x):
        batch, frames, width = x.shape
        heads = self.encoder["heads"]
        split = lambda which: self.linear(f"{name}.attention.{which}_proj", x).view(batch, frames, heads, -1).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(split("q"), split("k"), split("v")).transpose(1, 2).reshape(x.shape)
        x = self.norm(name + ".layer_norm", x + self.linear(name + ".attention.out_proj", mixed))
        hidden = F.gelu(self.linear(name + ".feed_forward.intermediate_dense", x))
        return self.norm(name + ".final_layer_norm", x + self.linear(name + ".feed_forward.output_dense", hidden))

    def states(self, part):
        with torch.no_grad():
            features = self.convolutions(part["speech/waveform"])
        projected = self.linear("feature_projection.projection", self.norm("feature_projection.layer_norm", features))
        x = hide(projected, part, self.p["masked_spec_embed"])
        x = self.norm("encoder.layer_norm", x + self.position(x))
        for i in range(self.encoder["blocks"]):
            x = self.block(f"encoder.layers.{i}", x)
        return x


def summed_loss(model, part, blank):
    logits = model.linear("recognition", model.states(part))  # (B, T, tokens)
    losses = F.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        part["text/targets"],
        part["text/frames"].long(),
        part["text/targetLengths"].long(),
        blank=blank,
        reduction="none",
        zero_infinity=True,
    )
    return (losses * part["text/counts"]).sum()


def main(folder):
    described, tensors = load(folder)
    torch.set_num_threads(described["threads"])
    parameters = {}
    parts = [{} for _ in range(described["parts"])]
    for name in list(tensors):
        kind, _, rest = name.partition("/")
        if kind == "parameters":
            parameters[rest] = tensors.pop(name)
        elif kind.startswith("part"):
            parts[int(kind[len("part") :])][rest] = tensors.pop(name)
    trained = [parameters[name].requires_grad_(True) for name in described["trained"]]
    family = {"ehmam": EhmamRecogniser, "wav2vec2": Wav2vec2Recogniser}[described["encoder"]["family"]]
    model = family(described["encoder"], parameters)
    settings = described["optimizer"]
    optimizer = torch.optim.Adam(
        trained,
        lr=described["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        fused=True,
    )
    utterances = sum(part["text/counts"].sum() for part in parts)

    def update():
        optimizer.zero_grad()
        total = 0.0
        for part in parts:
            loss = summed_loss(model, part, described["blank"]) / utterances
            loss.backward()
            total += loss.item()
        optimizer.step()
        return total

    answer(update)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
