"""What a benchmark asks: step.json (sizes and settings, threads, tensors: name, shape, dtype, offset) and step.bin."""

import json
import math

import numpy
import torch


def load(folder):
    """The description, and the tensors by name."""
    described = json.loads((folder / "step.json").read_text())
    content = (folder / "step.bin").read_bytes()
    tensors = {}
    for tensor in described["tensors"]:
        count = math.prod(tensor["shape"])
        values = numpy.frombuffer(content, tensor["dtype"], count, 4 * tensor["offset"]).copy()
        tensors[tensor["name"]] = torch.from_numpy(values).reshape(tensor["shape"])
    return described, tensors
