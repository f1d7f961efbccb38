"""What a benchmark asks: step.json (sizes and settings, threads, tensors: name, shape, dtype, offset) and step.bin."""

import json
import math
import resource
import sys
import time

import numpy
import torch


def load(folder):
    """The description, and the tensors by name, on the device that it names."""
    described = json.loads((folder / "step.json").read_text())
    if described.get("place", {}).get("device") == "cuda":
        torch.set_default_device("cuda")
        exact = described["place"]["precision"] == "fp32"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not exact
    content = (folder / "step.bin").read_bytes()
    tensors = {}
    for tensor in described["tensors"]:
        count = math.prod(tensor["shape"])
        values = numpy.frombuffer(content, tensor["dtype"], count, 4 * tensor["offset"]).copy()
        tensors[tensor["name"]] = torch.from_numpy(values).reshape(tensor["shape"]).to(torch.get_default_device())
    return described, tensors


def answer(update):
    """Says what answers, then reads lines: "memory" asks for the peak, any other for an update, which gives its loss."""
    print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        if line.strip() == "memory":
            megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            used = {"deviceMegabytes": torch.cuda.max_memory_reserved() / 1e6} if torch.cuda.is_available() else {}
            print(json.dumps({"megabytes": megabytes, **used}), flush=True)
            continue
        started = time.perf_counter()
        loss = update()
        print(json.dumps({"seconds": time.perf_counter() - started, "loss": loss}), flush=True)
