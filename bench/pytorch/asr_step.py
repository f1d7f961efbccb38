"""An update of SUPERB's recognition head in PyTorch, driven line by line over standard input.

    python asr_step.py FOLDER

FOLDER holds step.json (sizes, settings, threads, tensors) and step.bin (their values), as question.py reads them.
Each input line makes one update and answers with a JSON line {"seconds", "loss"}; the line "memory" answers
{"megabytes"}. The head is that of s3prl's downstream/asr: weighted sum, Linear, BLSTM, Linear, CTC, Adam.
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from question import answer, load


class Head(torch.nn.Module):
    def __init__(self, described, parameters):
        super().__init__()
        width, size, layers = described["projectionSize"], described["lstmSize"], described["lstmLayers"]
        output = parameters["output.weight"]
        self.layerWeights = torch.nn.Parameter(torch.zeros_like(parameters["layerWeights"]))
        self.projector = torch.nn.Linear(parameters["projector.weight"].shape[1], width)
        self.lstm = torch.nn.LSTM(width, size, layers, batch_first=True, bidirectional=True)
        self.output = torch.nn.Linear(output.shape[1], output.shape[0])
        self.load_state_dict(parameters)

    def forward(self, states, steps):
        summed = torch.einsum("l,lbtd->btd", self.layerWeights.softmax(0), states)
        projected = self.projector(summed)
        if (steps == states.shape[2]).all():
            # PyTorch's fastest way; it has none for utterances that differ in length.
            return self.output(self.lstm(projected)[0]).log_softmax(-1)
        packed = pack_padded_sequence(projected, steps.cpu(), batch_first=True)
        hidden, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=states.shape[2])
        return self.output(hidden).log_softmax(-1)


def main(folder):
    described, tensors = load(folder)
    torch.set_num_threads(described["threads"])
    start = {name.partition("/")[2]: value for name, value in tensors.items() if name.startswith("parameters/")}
    states, steps = tensors["batch/states"], tensors["batch/steps"].long()
    targets, lengths, weights = tensors["targets"], tensors["targetLengths"].long(), tensors["weights"]
    head = Head(described, start)
    optimizer = torch.optim.Adam(head.parameters(), lr=described["learningRate"], fused=True)

    def update():
        optimizer.zero_grad()
        chances = head(states, steps).transpose(0, 1)
        losses = F.ctc_loss(chances, targets, steps, lengths, blank=0, reduction="none", zero_infinity=True)
        loss = (losses * weights).sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), described["gradientClip"])
        optimizer.step()
        return loss.item()

    answer(update)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
