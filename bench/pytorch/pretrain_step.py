"""The student's update of src/pretrain/step.ts in PyTorch, driven line by line over standard input.

    python pretrain_step.py FOLDER

Forward and backward pass, AdamW and the teacher's average, as a careful PyTorch programmer writes them: fused
attention, fused Adam, one call for all of the average. "step" makes an update and answers {"seconds", "loss"}, the
loss being the one before the update; "memory" answers {"megabytes"}: the most this process has held.
"""

import math
import pathlib
import sys

import torch
import torch.nn.functional as F

from ehmam import Ehmam, audio
from question import answer, load

class Student(Ehmam):
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
        x = self.project(features)
        y = self.position(x * ~mask.unsqueeze(2))
        seen = (x + y)[~mask].view(batch, -1, width)  # every row hides as many frames
        places = torch.arange(frames).expand(batch, -1)[~mask].view(batch, -1).float()
        seen = self.blocks(seen, places)
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


def start_state(tensors):
    """The student's parameters, the teacher's by name, and those of the student that it follows; taken out of `tensors`."""
    parts = {kind: {} for kind in ("student", "teacher")}
    for name in list(tensors):
        kind, _, rest = name.partition("/")
        if kind in parts:
            parts[kind][rest] = tensors.pop(name)
    student = {name: value.requires_grad_(True) for name, value in parts["student"].items()}
    return student, parts["teacher"], [student[name] for name in parts["teacher"]]


def start_optimizer(described, student):
    plain = [value for name, value in student.items() if name in described["exempt"]]
    decayed = [value for name, value in student.items() if name not in described["exempt"]]
    settings = described["optimizer"]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": settings["weightDecay"]}, {"params": plain, "weight_decay": 0}],
        lr=settings["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        fused=True,
    )


def start_training(described, tensors, kind=Student):
    """The model, the teacher's parameters by name, and what makes an update of both from inputs and gives the loss."""
    torch.set_num_threads(described["threads"])
    student, teacher, followed = start_state(tensors)
    optimizer = start_optimizer(described, student)
    model = kind(described["encoder"], student)

    def update(inputs):
        optimizer.zero_grad()
        loss = model.loss(inputs, described["rankingWeight"])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(teacher.values()), followed, 1 - described["decay"])
        return loss.item()

    return model, teacher, update


def main(folder):
    described, tensors = load(folder)
    _, _, update = start_training(described, tensors)
    answer(lambda: update(tensors))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
