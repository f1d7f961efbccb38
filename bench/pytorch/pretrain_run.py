"""Pre-training from files with random masks in PyTorch, driven line by line: what bench/gpu/pretrain-run.ts does.

    python pretrain_run.py FOLDER

Worker processes read crops and draw masks ahead, pinned memory carries them over; the teacher's pass, the student's update
and the teacher's average follow. "step" answers {"seconds", "loss"} of the next update, waiting for its input included.
"""

import csv
import pathlib
import sys

import numpy
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, IterableDataset

from pretrain_step import Student, start_training
from question import answer, load

header_bytes = 44


def random_masks(rng, settings, batch, frames):
    """Spans at random starts, thinned out until every row hides as many frames: bool [batch, frames]."""
    span = settings["span"]
    masks = numpy.zeros((batch, frames), bool)
    for row in masks:
        count = int(settings["probability"] * frames / span + rng.random())
        for start in rng.choice(frames - span, max(count, 1), replace=False):
            row[start : start + span] = True
    fewest = masks.sum(1).min()
    for row in masks:
        hidden = numpy.flatnonzero(row)
        row[rng.choice(hidden, len(hidden) - fewest, replace=False)] = False
    return masks


class Crops(IterableDataset):
    """Batches of crops, each of zero mean and unit variance, with their masks and the noise in their place."""

    def __init__(self, described):
        self.described = described
        with open(described["manifest"]) as rows:
            folder = pathlib.Path(described["manifest"]).parent
            self.files = [folder / row["path"] for row in csv.DictReader(rows)]

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = numpy.random.default_rng(worker.id if worker else 0)
        batch, samples, frames = (self.described[name] for name in ("batch", "samples", "frames"))
        width = self.described["encoder"]["width"]
        while True:
            crops = numpy.empty((batch, samples), numpy.float32)
            for i, file in enumerate(rng.choice(self.files, batch)):
                start = rng.integers((file.stat().st_size - header_bytes) // 2 - samples + 1)
                read = numpy.fromfile(file, numpy.int16, samples, offset=header_bytes + 2 * start)
                crops[i] = (read - read.mean()) / (read.std() + 1e-5)
            masks = random_masks(rng, self.described["masking"], batch, frames)
            noise = rng.standard_normal((batch, frames, width), numpy.float32) * self.described["masking"]["noise"]
            yield torch.from_numpy(crops), torch.from_numpy(masks), torch.from_numpy(noise)


class Trained(Student):
    def targets(self, teacher, wave, top):  # the mean of normalised MLP outputs, (B, T, D)
        outputs = []
        follow = Trained(self.encoder, {**self.p, **teacher})
        features = follow.project(follow.convolutions(wave))
        x = features + follow.position(features)
        follow.mlps = outputs
        follow.blocks(x, torch.arange(x.shape[1]).unsqueeze(0).float())
        return sum(F.instance_norm(y.transpose(1, 2)).transpose(1, 2) for y in outputs[-top:]) / top


def main(folder):
    described, tensors = load(folder)
    model, teacher, update = start_training(described, tensors, Trained)
    device = torch.get_default_device()
    torch.set_default_device("cpu")  # what workers make
    batches = iter(DataLoader(Crops(described), batch_size=None, num_workers=4, pin_memory=device.type == "cuda"))
    torch.set_default_device(device)

    def step():
        wave, mask, noise = (part.to(device, non_blocking=True) for part in next(batches))
        with torch.no_grad():
            targets = model.targets(teacher, wave, described["topBlocks"])
        return update({"studentInput": wave, "targets": targets, "masks/mask": mask, "noise": noise})

    answer(step)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
