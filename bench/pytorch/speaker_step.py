"""An update of SUPERB's heads of speaker verification and diarisation in PyTorch, driven line by line over standard input.

    python speaker_step.py FOLDER

FOLDER holds step.json (head, sizes, settings, threads, tensors) and step.bin (their values), as question.py reads them.
Each input line makes one update, of as many batches as the recipe sums up, and answers with a JSON line {"seconds", "loss"}; the line "memory" answers
{"megabytes"}. The heads are those of s3prl's downstream/sv_voxceleb1 (TDNN by unfolding, statistics of each utterance by
itself, AM-softmax, AdamW) and downstream/diarization (LSTM, permutation-invariant loss, Adam).
"""

import itertools
import pathlib
import sys

import torch
import torch.nn.functional as F

from question import answer, load

CONTEXTS = [(5, 1), (3, 2), (3, 3), (1, 1), (1, 1)]


class Head(torch.nn.Module):
    """Parameters by their names, dots and all."""

    def __init__(self, parameters):
        super().__init__()
        self.all = torch.nn.ParameterDict(
            {name.replace(".", "/"): torch.nn.Parameter(value.clone()) for name, value in parameters.items()}
        )

    def __getitem__(self, name):
        return self.all[name.replace(".", "/")]

    def affine(self, name, x):
        return F.linear(x, self[name + ".weight"], self[name + ".bias"])

    def summed(self, states):
        return torch.einsum("l,lbtd->btd", self["layerWeights"].softmax(0), states)


class XVector(Head):
    def __init__(self, described, parameters):
        super().__init__(parameters)
        self.scale, self.margin = described["scale"], described["margin"]

    def loss(self, states, lengths, targets):
        x = self.affine("projector", self.summed(states))
        for layer, (taps, dilation) in enumerate(CONTEXTS):
            width = x.shape[-1]
            windows = F.unfold(x[:, None], (taps, width), stride=(1, width), dilation=(dilation, 1))
            x = torch.relu(self.affine(f"tdnn.{layer}", windows.transpose(1, 2)))
        own = [frames[: length - 14] for frames, length in zip(x, lengths.tolist())]
        statistics = torch.stack([torch.cat([one.mean(0), one.std(0)]) for one in own])
        hidden = torch.relu(self.affine("hidden", torch.relu(self.affine("embedding", statistics))))
        cosines = F.normalize(hidden, dim=1) @ F.normalize(self["speakers.weight"], dim=0)
        return F.cross_entropy(self.scale * (cosines - self.margin * targets), targets.argmax(1))


class Activity(Head):
    def __init__(self, described, parameters):
        super().__init__({name: value for name, value in parameters.items() if not name.startswith("lstm.")})
        self.lstm = torch.nn.LSTM(parameters["lstm.weight_ih_l0"].shape[1], described["lstmSize"], batch_first=True)
        self.lstm.load_state_dict(
            {name[len("lstm.") :]: value for name, value in parameters.items() if name.startswith("lstm.")}
        )

    def loss(self, states, lengths, labels):
        # As s3prl: the LSTM runs over the padding too, the loss does not.
        logits = self.affine("output", self.lstm(self.summed(states))[0])
        own = (torch.arange(logits.shape[1])[None] < lengths[:, None]).float()
        losses = []
        for order in itertools.permutations(range(labels.shape[2])):
            entropy = F.binary_cross_entropy_with_logits(logits, labels[:, :, list(order)], reduction="none")
            losses.append((entropy.mean(2) * own).sum(1))
        return torch.stack(losses).min(0).values.sum() / own.sum()


def main(folder):
    described, tensors = load(folder)
    torch.set_num_threads(described["threads"])
    start = {name.partition("/")[2]: value for name, value in tensors.items() if name.startswith("parameters/")}
    batch = {name.partition("/")[2]: value for name, value in tensors.items() if name.startswith("batch/")}
    if described["head"] == "x-vector":
        head, targets = XVector(described, start), batch["targets"]
        optimizer = torch.optim.AdamW(
            head.parameters(), lr=described["learningRate"], weight_decay=described["weightDecay"], fused=True
        )
    else:
        head, targets = Activity(described, start), batch["labels"]
        optimizer = torch.optim.Adam(head.parameters(), lr=described["learningRate"], fused=True)

    size, accumulation = described["batchSize"], described["accumulation"]
    given = targets.shape[0] // size

    def update():
        optimizer.zero_grad()
        sum = 0.0
        for part in range(accumulation):
            rows = slice(part % given * size, (part % given + 1) * size)
            loss = head.loss(batch["states"][:, rows], batch["lengths"][rows].long(), targets[rows]) / accumulation
            loss.backward()
            sum += loss.item()
        torch.nn.utils.clip_grad_norm_(head.parameters(), described["gradientClip"])
        optimizer.step()
        return sum

    answer(update)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
