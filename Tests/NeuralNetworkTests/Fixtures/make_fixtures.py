#!/usr/bin/env python3
"""Writes PyTorch's numbers for every layer, loss, optimiser and schedule to JSON files beside this script.

    pip install torch && python3 make_fixtures.py

Tensors are channels-last and named as a network's spec names them, so that the tests compare them as they are.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(20)
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent


def numbers(tensor):
    return [float(f"{x:.7g}") for x in tensor.detach().reshape(-1).tolist()]


def padding(size, kernel, stride, dilation=1):
    """TensorFlow's SAME: ceil(size / stride) outputs, the odd zero behind."""
    outputs = -(-size // stride)
    total = max(0, (outputs - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return total // 2, total - total // 2


class Network:
    """A spec's layers over PyTorch's functions; activations are (windows, samples, columns, channels)."""

    def __init__(self, samples, channels, layers, training=True):
        self.spec = {"samples": samples, "channels": channels, "layers": layers}
        self.training = training
        self.values, self.statistics = {}, {}

    def value(self, name, *shape):
        if name not in self.values:
            self.values[name] = (0.5 * torch.randn(shape)).requires_grad_()
        return self.values[name]

    def statistic(self, name, tensor):
        return self.statistics.setdefault(name, tensor)

    def forward(self, x):
        x = x[:, :, None, :]
        for index, layer in enumerate(self.spec["layers"]):
            x = self.layer(layer, f"layers.{index}", x)
        return x

    def convolve(self, x, weight, bias, stride, dilation=(1, 1), groups=1):
        """weight: (filters, rows, columns, channels)."""
        kernel = weight.shape[1:3]
        rows = padding(x.shape[1], kernel[0], stride[0], dilation[0])
        columns = padding(x.shape[2], kernel[1], stride[1], dilation[1])
        planes = F.pad(x.permute(0, 3, 1, 2), (*columns, *rows))
        y = F.conv2d(planes, weight.permute(0, 3, 1, 2), bias, stride, dilation=dilation, groups=groups)
        return y.permute(0, 2, 3, 1)

    def layer(self, layer, name, x):
        kind = layer["type"]
        channels = x.shape[3]
        if kind == "convolution":
            filters, kernel = layer["filters"], layer["kernel"]
            weight = self.value(f"{name}.weight", filters, kernel, channels)
            bias = self.value(f"{name}.bias", filters)
            return self.convolve(x, weight[:, :, None, :], bias, (layer["stride"], 1), (layer.get("dilation", 1), 1))
        if kind == "depthwiseConvolution":
            weight = self.value(f"{name}.weight", channels, layer["kernel"])
            bias = self.value(f"{name}.bias", channels)
            return self.convolve(x, weight[:, :, None, None], bias, (layer["stride"], 1),
                                 (layer.get("dilation", 1), 1), groups=channels)
        if kind == "convolution2D":
            weight = self.value(f"{name}.weight", layer["filters"], *layer["kernel"], channels)
            bias = self.value(f"{name}.bias", layer["filters"])
            return self.convolve(x, weight, bias, layer["stride"])
        if kind == "spectrogram":
            window = torch.hann_window(layer["frame"])
            series = x[:, :, 0, :].permute(0, 2, 1).reshape(-1, x.shape[1])
            spectrum = torch.stft(series, layer["frame"], layer["hop"], window=window, center=False,
                                  return_complex=True)
            power = spectrum.abs().square() / window.square().sum()
            return torch.log(power + 1e-6).reshape(x.shape[0], channels, *power.shape[1:]).permute(0, 3, 2, 1)
        if kind == "batchNorm":
            mean = self.statistic(f"{name}.running_mean", torch.randn(channels))
            variance = self.statistic(f"{name}.running_var", torch.rand(channels) + 0.5)
            y = F.batch_norm(x.permute(0, 3, 1, 2), mean.clone(), variance.clone(),
                             self.value(f"{name}.weight", channels), self.value(f"{name}.bias", channels),
                             self.training)
            return y.permute(0, 2, 3, 1)
        if kind == "dense":
            flat = x.reshape(x.shape[0], -1)
            weight = self.value(f"{name}.weight", layer["units"], flat.shape[1])
            return F.linear(flat, weight, self.value(f"{name}.bias", layer["units"]))[:, None, None, :]
        if kind == "gru":
            units = layer["units"]
            weights = [self.value(f"{name}.weight", 3 * units, channels),
                       self.value(f"{name}.weight_hh", 3 * units, units),
                       self.value(f"{name}.bias", 3 * units), self.value(f"{name}.bias_hh", 3 * units)]
            y, _ = torch.gru(x[:, :, 0, :], torch.zeros(1, x.shape[0], units), weights, True, 1, 0.0, True, False, True)
            return (y if layer["sequence"] else y[:, -1:, :])[:, :, None, :]
        if kind == "residual":
            y = x
            for index, inner in enumerate(layer["block"]):
                y = self.layer(inner, f"{name}.block.{index}", y)
            if y.shape == x.shape:
                return y + x
            weight = self.value(f"{name}.shortcut.weight", y.shape[3], 1, channels)
            stride = (-(-x.shape[1] // y.shape[1]), -(-x.shape[2] // y.shape[2]))
            return y + self.convolve(x, weight[:, :, None, :], self.value(f"{name}.shortcut.bias", y.shape[3]), stride)
        planes = x.permute(0, 3, 1, 2)
        size = layer.get("size")
        size = (size, 1) if isinstance(size, int) else size
        pools = {
            "maxPool": lambda: F.max_pool2d(planes, size), "maxPool2D": lambda: F.max_pool2d(planes, size),
            "averagePool": lambda: F.avg_pool2d(planes, size), "averagePool2D": lambda: F.avg_pool2d(planes, size),
            "globalMaxPool": lambda: planes.amax((2, 3), keepdim=True),
            "globalAveragePool": lambda: planes.mean((2, 3), keepdim=True),
        }
        if kind in pools:
            return pools[kind]().permute(0, 2, 3, 1)
        return {"relu": F.relu, "relu6": F.relu6, "gelu": F.gelu, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
                "softmax": lambda x: F.softmax(x, -1)}[kind](x)

    def record(self, name, windows=2):
        samples, channels = self.spec["samples"], self.spec["channels"]
        x = torch.randn(windows, samples, channels)
        if name.startswith("relu6"):
            x = 4 * x + 3
        x.requires_grad_()
        y = self.forward(x)
        by_output = torch.randn_like(y)
        result = {"name": name, "spec": self.spec, "windows": windows, "training": self.training, "input": numbers(x),
                  "tensors": {key: {"shape": list(tensor.shape), "values": numbers(tensor)}
                              for key, tensor in (self.values | self.statistics).items()},
                  "output": numbers(y)}
        if self.training:
            y.backward(by_output)
            result |= {"outputGradient": numbers(by_output), "inputGradient": numbers(x.grad),
                       "gradients": {key: numbers(tensor.grad) for key, tensor in self.values.items()}}
        return result


def layers():
    def one(name, layer, samples=10, channels=3, training=True, before=()):
        return Network(samples, channels, [*before, layer], training).record(name)

    spectrogram = {"type": "spectrogram", "frame": 6, "hop": 2}
    conv = {"type": "convolution", "filters": 4, "kernel": 3, "stride": 1}
    conv2d = {"type": "convolution2D", "filters": 3, "kernel": [3, 3], "stride": [1, 1]}
    return [
        one("convolution", conv),
        one("convolution, stride 2", conv | {"kernel": 5, "stride": 2}),
        one("convolution, kernel below stride", conv | {"kernel": 2, "stride": 3}),
        one("convolution, dilation 3", conv | {"dilation": 3}),
        one("convolution, stride and dilation 2", conv | {"stride": 2, "dilation": 2}, samples=9),
        one("depthwise convolution", {"type": "depthwiseConvolution", "kernel": 4, "stride": 1}),
        one("depthwise convolution, stride and dilation",
            {"type": "depthwiseConvolution", "kernel": 3, "stride": 2, "dilation": 2}),
        Network(10, 3, [{"type": "depthwiseConvolution", "kernel": 3, "stride": 1},
                        conv | {"kernel": 1}]).record("separable convolution"),
        one("spectrogram", spectrogram, samples=14, channels=2),
        one("spectrogram, odd frame", {"type": "spectrogram", "frame": 5, "hop": 3}, samples=14, channels=2),
        one("2-D convolution", conv2d, samples=14, channels=2, before=[spectrogram]),
        one("2-D convolution, strides", conv2d | {"kernel": [2, 3], "stride": [2, 3]}, samples=14, channels=2,
            before=[spectrogram]),
        one("batch norm", {"type": "batchNorm"}),
        one("batch norm, trained", {"type": "batchNorm"}, training=False),
        one("batch norm, two dimensions", {"type": "batchNorm"}, samples=14, channels=2, before=[spectrogram]),
        one("relu", {"type": "relu"}), one("relu6", {"type": "relu6"}), one("gelu", {"type": "gelu"}),
        one("sigmoid", {"type": "sigmoid"}), one("tanh", {"type": "tanh"}), one("softmax", {"type": "softmax"}),
        one("max pool with a rest", {"type": "maxPool", "size": 3}),
        one("average pool with a rest", {"type": "averagePool", "size": 3}),
        one("2-D max pool with rests", {"type": "maxPool2D", "size": [2, 3]}, samples=14, channels=2,
            before=[spectrogram]),
        one("2-D average pool with rests", {"type": "averagePool2D", "size": [2, 3]}, samples=14, channels=2,
            before=[spectrogram]),
        one("global average pool", {"type": "globalAveragePool"}),
        one("global max pool", {"type": "globalMaxPool"}),
        one("dense", {"type": "dense", "units": 4}),
        one("gru, sequence", {"type": "gru", "units": 4, "sequence": True}, samples=6),
        one("gru, last state", {"type": "gru", "units": 4, "sequence": False}, samples=6),
        one("residual, identity", {"type": "residual", "block": [conv | {"filters": 3}, {"type": "tanh"}]}),
        one("residual, projected",
            {"type": "residual", "block": [conv | {"stride": 2}, {"type": "gelu"}, conv]}),
    ]


def losses():
    logits = (2 * torch.randn(4, 5)).requires_grad_()
    teacher = 2 * torch.randn(4, 5)
    labels = torch.tensor([0, 3, 4, 1])
    # Outputs 0 and 1 are class 0, 2 and 3 class 1, 4 class 2.
    classes = torch.tensor([[1.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]])
    pooled = torch.log(F.softmax(logits, 1) @ classes)
    binary = (labels % 2).float()[:, None].expand_as(logits)
    soft = torch.sigmoid(teacher / 3)
    unit = F.layer_norm(logits, (5,))
    similar = unit @ unit.T / 2
    cases = {
        "crossEntropy, pooled": F.nll_loss(pooled, labels % 3, reduction="sum"),
        "logistic": F.binary_cross_entropy_with_logits(logits, binary, reduction="sum"),
        "logistic, softened, temperature 3": 9 * (
            F.binary_cross_entropy_with_logits(logits / 3, soft, reduction="sum")
            - F.binary_cross_entropy(soft, soft, reduction="sum")),
        "squared": 0.5 * F.mse_loss(logits, teacher, reduction="sum"),
        "contrast, temperature 2": (torch.logsumexp(similar, 1) - similar.diagonal() - math.log(4)).mean(),
        "crossEntropy": F.cross_entropy(logits, labels, reduction="sum"),
        "crossEntropy, smoothing 0.1": F.cross_entropy(logits, labels, reduction="sum", label_smoothing=0.1),
        "softened, temperature 3": 9 * F.kl_div(F.log_softmax(logits / 3, 1), F.softmax(teacher / 3, 1),
                                                reduction="sum"),
    }
    return {"logits": numbers(logits), "teacher": numbers(teacher), "labels": labels.tolist(), "cases": {
        name: {"loss": float(loss.detach()), "gradient": numbers(torch.autograd.grad(loss, logits, retain_graph=True)[0])}
        for name, loss in cases.items()}}


def optimisers():
    start = torch.randn(12)
    gradients = [torch.randn(12) for _ in range(6)]
    decay = {"weight_decay": 0.1}
    kinds = {
        "sgd": (torch.optim.SGD, decay), "sgd, momentum": (torch.optim.SGD, decay | {"momentum": 0.9}),
        "sgd, nesterov": (torch.optim.SGD, decay | {"momentum": 0.9, "nesterov": True}),
        "adam": (torch.optim.Adam, decay), "adamW": (torch.optim.AdamW, decay),
        "rmsProp": (torch.optim.RMSprop, decay), "rmsProp, momentum": (torch.optim.RMSprop, decay | {"momentum": 0.9}),
    }
    steps = {}
    for name, (kind, options) in kinds.items():
        for clipping in (None, 1.0):
            value = start.clone().requires_grad_()
            optimiser = kind([value], lr=0.03, **options)
            taken = []
            for gradient in gradients:
                value.grad = gradient.clone()
                if clipping:
                    torch.nn.utils.clip_grad_norm_([value], clipping)
                optimiser.step()
                taken.append(numbers(value))
            steps[name + (", clipped" if clipping else "")] = taken
    return {"start": numbers(start), "gradients": [numbers(g) for g in gradients], "steps": steps}


def schedules():
    count = 40
    # PyTorch ends the rise one step early; this share puts the peak at three tenths exactly.
    rise = (0.3 * count + 1) / (count + 1)
    kinds = {
        "constant": lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1),
        "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 10, gamma=0.1),
        "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, count, eta_min=0.5 * 0.002),
        "oneCycle": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.5, total_steps=count + 1, pct_start=rise),
    }
    result = {}
    for name, kind in kinds.items():
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        schedule = kind(optimiser)
        rates = []
        for _ in range(count):
            rates.append(float(f"{optimiser.param_groups[0]['lr']:.9g}"))
            optimiser.step()
            schedule.step()
        result[name] = rates
    return {"peak": 0.5, "steps": count, "rates": result}


for name, content in {"layers": layers(), "losses": losses(), "optimisers": optimisers(),
                      "schedules": schedules()}.items():
    path = HERE / f"{name}.json"
    if isinstance(content, list):
        text = "[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in content) + "\n]\n"
    else:
        text = json.dumps(content, separators=(",", ":")) + "\n"
    path.write_text(text)
    print(path.name, len(text), "bytes")
print("PyTorch", torch.__version__)
