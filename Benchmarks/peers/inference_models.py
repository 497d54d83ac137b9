"""Makes the peers' models of our files: ONNX (float and int8 with QuantizeLinear pairs), TensorFlow Lite, PyTorch.

A convolution over samples is one over an image of height 1 in TensorFlow Lite.
"""

import json

import ai_edge_litert.schema_py_generated as tflite
import flatbuffers
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open


class Network:
    """One of our files: layers in order, each with its tensors."""

    def __init__(self, path):
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        self.spec = json.loads(metadata["spec"])
        self.layers = self.spec["layers"]
        self.tensors = tensors
        self.scales = json.loads(metadata["scales"]) if "scales" in metadata else None
        self.samples, self.channels = self.spec["samples"], self.spec["channels"]

    def padding(self, samples, layer):
        stride, kernel = layer["stride"], layer["kernel"]
        outputs = -(-samples // stride)
        total = max(0, (outputs - 1) * stride + kernel - samples)
        return total // 2, total - total // 2, outputs

    def weighted(self):
        """Position, layer, weight, bias and (on int8 grids) scales of weights and outputs of each layer with weights."""
        count = 0
        for index, layer in enumerate(self.layers):
            if layer["type"] in ("convolution", "dense"):
                weight, bias = self.tensors[f"layers.{index}.weight"], self.tensors[f"layers.{index}.bias"]
                scales = None
                if self.scales:
                    steps = np.broadcast_to(self.tensors[f"layers.{index}.scale"], bias.shape)
                    scales = {"weight": steps, "output": self.scales["outputs"][count]}
                yield index, layer, weight, bias, scales
                count += 1


def onnx_model(network):
    """The whole graph: float32 windows (1 x samples x channels) in, logits out."""
    nodes, constants = [], []
    weighted = {item[0]: item for item in network.weighted()}
    int8 = network.scales is not None

    def constant(name, value):
        constants.append(numpy_helper.from_array(value, name))
        return name

    def node(kind, inputs, name, **attributes):
        nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def on_grid(name, scale, zero_point):
        scale = constant(f"{name}.scale", np.float32(scale))
        zero = constant(f"{name}.zero", np.uint8(zero_point))
        codes = node("QuantizeLinear", [name, scale, zero], f"{name}.codes")
        return node("DequantizeLinear", [codes, scale, zero], f"{name}.grid")

    def parameters(index, transpose, scale):
        _, _, weight, bias, scales = weighted[index]
        weight = np.ascontiguousarray(weight.transpose(transpose))
        if not int8:
            return [constant(f"w{index}", weight), constant(f"b{index}", bias)]
        steps = np.array(scales["weight"], dtype=np.float32)
        axis = {"axis": 0}
        w = node(
            "DequantizeLinear",
            [constant(f"w{index}", weight), constant(f"w{index}.s", steps), constant(f"w{index}.z", np.zeros(len(steps), np.int8))],
            f"w{index}.real", **axis)
        b = node(
            "DequantizeLinear",
            [constant(f"b{index}", bias), constant(f"b{index}.s", steps * np.float32(scale)),
             constant(f"b{index}.z", np.zeros(len(steps), np.int32))],
            f"b{index}.real", **axis)
        return [w, b]

    name = node("Transpose", ["window"], "channels_first", perm=[0, 2, 1])
    samples, scale = network.samples, network.scales["input"] if int8 else 1
    if int8:
        name = on_grid(name, scale, 128)
    for index, layer in enumerate(network.layers):
        kind = layer["type"]
        if kind == "convolution":
            before, after, samples = network.padding(samples, layer)
            name = node(
                "Conv", [name] + parameters(index, (0, 2, 1), scale), f"conv{index}", kernel_shape=[layer["kernel"]],
                strides=[layer["stride"]], pads=[before, after])
        elif kind == "dense":
            name = node("Flatten", [name], f"flat{index}")
            name = node("Gemm", [name] + parameters(index, (0, 1), scale), f"dense{index}", transB=1)
        elif kind == "relu":
            name = node("Relu", [name], f"relu{index}")
        elif kind == "maxPool":
            samples //= layer["size"]
            name = node("MaxPool", [name], f"pool{index}", kernel_shape=[layer["size"]], strides=[layer["size"]])
        elif kind == "globalAveragePool":
            name = node("GlobalAveragePool", [name], f"mean{index}")
        if int8 and index + 1 < len(network.layers) and kind in ("relu", "maxPool", "globalAveragePool"):
            if kind == "relu":
                scale = weighted[index - 1][4]["output"]
            name = on_grid(name, scale, 0)
    nodes[-1].output[0] = "logits"
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info("window", TensorProto.FLOAT, [1, network.samples, network.channels])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, weighted[len(network.layers) - 1][2].shape[0]])],
        constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def torch_module(network):
    """The float network, frozen as TorchScript."""

    class Padded(torch.nn.Module):
        def __init__(self, before, after, layer):
            super().__init__()
            self.before, self.after, self.layer = before, after, layer

        def forward(self, x):
            return self.layer(torch.nn.functional.pad(x, (self.before, self.after)))

    class ChannelsFirst(torch.nn.Module):
        def forward(self, x):
            return x.transpose(1, 2)

    class Mean(torch.nn.Module):
        def forward(self, x):
            return x.mean(dim=2)

    weighted = {item[0]: item for item in network.weighted()}
    modules, samples = [ChannelsFirst()], network.samples
    for index, layer in enumerate(network.layers):
        kind = layer["type"]
        if kind in ("convolution", "dense"):
            weight, bias = (torch.from_numpy(part.copy()) for part in weighted[index][2:4])
        if kind == "convolution":
            before, after, samples = network.padding(samples, layer)
            symmetric = before == after
            convolution = torch.nn.Conv1d(
                weight.shape[2], weight.shape[0], layer["kernel"], layer["stride"], padding=before if symmetric else 0)
            convolution.weight.data, convolution.bias.data = weight.transpose(1, 2).contiguous(), bias
            modules.append(convolution if symmetric else Padded(before, after, convolution))
        elif kind == "dense":
            dense = torch.nn.Linear(weight.shape[1], weight.shape[0])
            dense.weight.data, dense.bias.data = weight, bias
            modules.append(dense)
        elif kind == "relu":
            modules.append(torch.nn.ReLU())
        elif kind == "maxPool":
            samples //= layer["size"]
            modules.append(torch.nn.MaxPool1d(layer["size"]))
        elif kind == "globalAveragePool":
            modules.append(Mean())
    module = torch.nn.Sequential(*modules).eval()
    example = torch.zeros(1, network.samples, network.channels)
    return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(module, example)))


def tflite_model(network, logits):
    """Float windows (1 x 1 x samples x channels) in; logits out, where the network is int8 on a grid that `logits` fit."""
    int8 = network.scales is not None
    model, graph = tflite.ModelT(), tflite.SubGraphT()
    model.version, model.buffers, model.operatorCodes, model.subgraphs = 3, [tflite.BufferT()], [], [graph]
    graph.tensors, graph.operators = [], []

    def tensor(name, shape, kind, data=None, scale=None, zero_point=0):
        made = tflite.TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), kind, 0
        if data is not None:
            buffer = tflite.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), dtype=np.uint8)
            made.buffer = len(model.buffers)
            model.buffers.append(buffer)
        if scale is not None:
            made.quantization = tflite.QuantizationParametersT()
            made.quantization.scale = [float(step) for step in np.atleast_1d(scale)]
            made.quantization.zeroPoint = [zero_point] * len(made.quantization.scale)
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    def operator(code, inputs, output, options=None, kind=0, version=1):
        entry = tflite.OperatorCodeT()
        entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, code, version
        model.operatorCodes.append(entry)
        made = tflite.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = len(model.operatorCodes) - 1, inputs, [output]
        made.builtinOptions, made.builtinOptionsType = options, kind
        graph.operators.append(made)

    kinds = tflite.TensorType
    activation = kinds.INT8 if int8 else kinds.FLOAT32
    samples, channels = network.samples, network.channels
    current = tensor("window", [1, 1, samples, channels], kinds.FLOAT32)
    graph.inputs = [current]
    scale, zero_point = (network.scales["input"], 0) if int8 else (None, 0)
    if int8:
        codes = tensor("codes", [1, 1, samples, channels], kinds.INT8, scale=scale)
        operator(tflite.BuiltinOperator.QUANTIZE, [current], codes)
        current = codes
    weighted = {item[0]: item for item in network.weighted()}
    for index, layer in enumerate(network.layers):
        kind = layer["type"]
        if kind == "relu":
            continue
        is_last = index + 1 == len(network.layers)
        inputs, options, options_kind, version = [current], None, 0, 1
        if kind in ("convolution", "dense"):
            _, _, weight, bias, scales = weighted[index]
            shape = [weight.shape[0], 1, *weight.shape[1:]] if kind == "convolution" else weight.shape
            steps = np.array(scales["weight"]) if int8 else None
            if int8 and kind == "dense":
                steps = steps[:1]
            inputs += [
                tensor(f"w{index}", shape, activation, weight, steps),
                tensor(f"b{index}", bias.shape, kinds.INT32 if int8 else kinds.FLOAT32, bias, steps * scale if int8 else None)]
            version = 3 if int8 and kind == "convolution" else 4 if int8 else 1
            logit_scale = float(np.abs(logits).max()) * scales["output"] / 100 if int8 else None
            scale = logit_scale if is_last else scales["output"] if int8 else None
            zero_point = (0 if is_last else -128) if int8 else 0
            relu = tflite.ActivationFunctionType.NONE if is_last else tflite.ActivationFunctionType.RELU
        if kind == "convolution":
            options, options_kind = tflite.Conv2DOptionsT(), tflite.BuiltinOptions.Conv2DOptions
            options.padding, options.strideW, options.strideH = tflite.Padding.SAME, layer["stride"], 1
            options.dilationWFactor = options.dilationHFactor = 1
            options.fusedActivationFunction = relu
            code, samples, channels = tflite.BuiltinOperator.CONV_2D, -(-samples // layer["stride"]), layer["filters"]
        elif kind == "dense":
            options, options_kind = tflite.FullyConnectedOptionsT(), tflite.BuiltinOptions.FullyConnectedOptions
            options.fusedActivationFunction = relu
            code, channels = tflite.BuiltinOperator.FULLY_CONNECTED, layer["units"]
        else:
            size = layer.get("size", samples)
            options, options_kind = tflite.Pool2DOptionsT(), tflite.BuiltinOptions.Pool2DOptions
            options.padding, options.strideW, options.strideH = tflite.Padding.VALID, size, 1
            options.filterWidth, options.filterHeight = size, 1
            code = tflite.BuiltinOperator.MAX_POOL_2D if kind == "maxPool" else tflite.BuiltinOperator.AVERAGE_POOL_2D
            samples, version = samples // size, 2 if int8 else 1
        shape = [1, channels] if kind == "dense" else [1, 1, samples, channels]
        current = tensor(f"a{index}", shape, activation, scale=scale, zero_point=zero_point)
        operator(code, inputs, current, options, options_kind, version)
    graph.outputs = [current]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
