"""Resemblyzer's speaker encoder as an ONNX file that gives a state a frame.

    python export_resemblyzer.py pretrained.pt model.onnx

Input `mel` [1, frames, 40] (powers, as resemblyzer.audio.wav_to_mel_spectrogram computes them); outputs `lstm.0` to `lstm.2`
[1, frames, 256], what the three layers give at every frame, and `embedding` [1, frames, 256], the speaker embedding of the
audio up to that frame (projected, rectified, of length 1: the last frame's is what VoiceEncoder.forward gives).
The graph is written by hand and compared with torch on noise. Needs: pip install torch onnx numpy.
"""

import sys

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

BINS, SIZE, LAYERS = 40, 256, 3


def gates(tensor):
    """torch has the gates input, forget, cell, output; ONNX input, output, forget, cell."""
    i, f, g, o = tensor.numpy().reshape(4, SIZE, *tensor.shape[1:])
    return numpy.concatenate([i, o, f, g])[None]


def model_of(state):
    weights, nodes = [], []

    def weight(name, value):
        weights.append(numpy_helper.from_array(numpy.ascontiguousarray(value), name))
        return name

    nodes.append(helper.make_node("Transpose", ["mel"], ["x.0"], perm=[1, 0, 2]))  # (frames, 1, bins)
    for layer in range(LAYERS):
        biases = [gates(state[f"lstm.bias_{kind}_l{layer}"])[0] for kind in ("ih", "hh")]
        inputs = [
            f"x.{layer}",
            weight(f"W.{layer}", gates(state[f"lstm.weight_ih_l{layer}"])),
            weight(f"R.{layer}", gates(state[f"lstm.weight_hh_l{layer}"])),
            weight(f"B.{layer}", numpy.concatenate(biases)[None]),
        ]
        nodes.append(helper.make_node("LSTM", inputs, [f"y.{layer}"], hidden_size=SIZE))  # (frames, 1, 1, size)
        nodes.append(helper.make_node("Squeeze", [f"y.{layer}", weight(f"axis.{layer}", numpy.array([1]))], [f"x.{layer + 1}"]))
        nodes.append(helper.make_node("Transpose", [f"x.{layer + 1}"], [f"lstm.{layer}"], perm=[1, 0, 2]))
    weight("linear.weight", state["linear.weight"].numpy().T)
    weight("linear.bias", state["linear.bias"].numpy())
    nodes += [
        helper.make_node("MatMul", [f"lstm.{LAYERS - 1}", "linear.weight"], ["product"]),
        helper.make_node("Add", ["product", "linear.bias"], ["raw"]),
        helper.make_node("Relu", ["raw"], ["rectified"]),
        helper.make_node("ReduceL2", ["rectified"], ["length"], axes=[2], keepdims=1),
        helper.make_node("Max", ["length", weight("tiny", numpy.float32([1e-12]))], ["divisor"]),
        helper.make_node("Div", ["rectified", "divisor"], ["embedding"]),
    ]
    value = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "frames", width])
    outputs = [value(f"lstm.{layer}", SIZE) for layer in range(LAYERS)] + [value("embedding", SIZE)]
    graph = helper.make_graph(nodes, "resemblyzer", [value("mel", BINS)], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="export_resemblyzer.py", ir_version=8)
    onnx.checker.check_model(model)
    return model


def expected(state, mel):
    lstm = torch.nn.LSTM(BINS, SIZE, LAYERS, batch_first=True)
    lstm.load_state_dict({name.removeprefix("lstm."): value for name, value in state.items() if name.startswith("lstm.")})
    with torch.inference_mode():
        outputs, _ = lstm(mel)
        raw = torch.relu(torch.nn.functional.linear(outputs, state["linear.weight"], state["linear.bias"]))
        return (raw / raw.norm(dim=2, keepdim=True)).numpy()


def main(source, target):
    state = torch.load(source, map_location="cpu", weights_only=True)["model_state"]
    model = model_of(state)
    mel = torch.rand(1, 20, BINS, generator=torch.Generator().manual_seed(1))
    (found,) = ReferenceEvaluator(model).run(["embedding"], {"mel": mel.numpy()})
    apart = numpy.abs(found - expected(state, mel)).max()
    assert apart < 1e-5, f"{apart} apart from torch"
    onnx.save(model, target)
    print(f"{target}: within {apart:.1e} of torch")


if __name__ == "__main__":
    main(*sys.argv[1:])
