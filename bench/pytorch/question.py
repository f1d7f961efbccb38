"""What a benchmark asks: step.json (sizes and settings, threads, tensors: name, shape, dtype, offset) and step.bin."""

import json
import math
import resource
import sys
import time

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


def answer(update):
    """Says what answers, then reads lines: "memory" asks for the peak, any other for an update, which gives its loss."""
    print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        if line.strip() == "memory":
            megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"megabytes": megabytes}), flush=True)
            continue
        started = time.perf_counter()
        loss = update()
        print(json.dumps({"seconds": time.perf_counter() - started, "loss": loss}), flush=True)
