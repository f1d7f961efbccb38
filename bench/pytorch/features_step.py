"""Hidden states of an encoder of Base size (transformers' wav2vec 2.0, random weights), driven line by line.

    python features_step.py FOLDER

"step" encodes the clips once and brings every hidden state, in float32 or as halves, or every mean over time, to the host.
"""

import pathlib
import sys

import torch
from transformers import Wav2Vec2Config, Wav2Vec2Model

from question import answer, load


def main(folder):
    described, _ = load(folder)
    model = Wav2Vec2Model(Wav2Vec2Config()).to(torch.get_default_device()).eval()
    waveform = 0.1 * torch.randn(described["clips"], described["seconds"] * 16000, device="cpu")

    @torch.inference_mode()
    def step():
        states = model(waveform.to(torch.get_default_device()), output_hidden_states=True).hidden_states
        if described["means"]:
            return torch.stack([state.mean(1) for state in states], 1).cpu()[0, 0, 0].item()
        if described["halves"]:
            states = [state.half() for state in states]
        return [state.cpu() for state in states][0][0, 0, 0].item()

    answer(step)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
