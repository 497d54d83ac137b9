"""Makes teacher-torchscript.onnx and teacher-dynamo.onnx with PyTorch's exporters: make_onnx.py FOLDER.

Needs torch, onnx and onnxscript.

A small sibling of the teacher that `Benchmarks/peers/training.py` trains: the same layers, symmetric padding, a stride of
2 in the second convolution and a residual block.
"""
import sys

import onnx
import torch
from torch import nn


def convolution(inputs, filters, stride=1):
    return [nn.Conv1d(inputs, filters, 5, stride=stride, padding=2, bias=False), nn.BatchNorm1d(filters), nn.ReLU()]


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.block = nn.Sequential(*convolution(channels, channels)[:2])

    def forward(self, x):
        return torch.relu(self.block(x) + x)


def main():
    torch.manual_seed(4)
    model = nn.Sequential(
        *convolution(3, 6), *convolution(6, 8, stride=2), Residual(8), nn.MaxPool1d(2), nn.AdaptiveAvgPool1d(1),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(8, 4))
    model.train()
    for _ in range(20):  # moments that are not 0 and 1
        model(torch.randn(32, 3, 40) * 2 + 0.5)
    model.eval()
    for exporter in ("torchscript", "dynamo"):
        path = f"{sys.argv[1]}/teacher-{exporter}.onnx"
        torch.onnx.export(
            model, (torch.randn(1, 3, 40),), path, dynamo=exporter == "dynamo", external_data=False, input_names=["x"],
            output_names=["y"])
        # Where in whose source each node comes from.
        made = onnx.load(path)
        for part in [*made.graph.node, *made.graph.value_info, *made.graph.input, *made.graph.output, made.graph]:
            part.ClearField("metadata_props")
            part.ClearField("doc_string")
        onnx.save(made, path)


main()
