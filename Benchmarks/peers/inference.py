"""Times ONNX Runtime, LiteRT and TorchScript on our networks, on one thread and one window: the peers of `inference-benchmark`.

`inference.py time FOLDER` prints one line of JSON a case: nanoseconds a window, the best and the median of many short runs,
called from Python. `inference.py export FILE MODEL` writes a network as ONNX, and `memory MODEL` runs that in ONNX Runtime
and waits, so that its memory can be looked at.
"""

import json
import os
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")

import numpy as np  # noqa: E402: after the number of threads


def session(model):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def onnx_runtime(model, windows):
    """Buffers stay bound: a call infers what stands in the input."""
    import onnxruntime

    made = session(model)
    binding = made.io_binding()
    source = onnxruntime.OrtValue.ortvalue_from_numpy(windows[:1].copy())
    binding.bind_ortvalue_input(made.get_inputs()[0].name, source)
    target = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(made.get_outputs()[0].shape, np.float32))
    binding.bind_ortvalue_output(made.get_outputs()[0].name, target)

    def infer(window):
        source.update_inplace(window)
        made.run_with_iobinding(binding)
        return target.numpy()[0]

    return (lambda: made.run_with_iobinding(binding)), infer


def litert(model):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    place, answer = (detail[0] for detail in (interpreter.get_input_details(), interpreter.get_output_details()))

    def infer(window):
        interpreter.set_tensor(place["index"], window[None])
        interpreter.invoke()
        return interpreter.get_tensor(answer["index"])[0].astype(np.float32)

    return interpreter.invoke, infer


def torchscript(network, windows):
    import torch

    from inference_models import torch_module

    torch.set_num_threads(1)
    module = torch_module(network)
    example = torch.from_numpy(windows[:1].copy())

    def call():
        with torch.inference_mode():
            return module(example)

    def infer(window):
        with torch.inference_mode():
            return module(torch.from_numpy(window)).numpy()[0]

    return call, infer


def report(case, peer, call):
    for _ in range(200):
        call()
    began = time.perf_counter_ns()
    for _ in range(50):
        call()
    repeats = max(1, int(50 * 1_000_000 / (time.perf_counter_ns() - began)))
    runs = []
    for _ in range(120):
        began = time.perf_counter_ns()
        for _ in range(repeats):
            call()
        runs.append((time.perf_counter_ns() - began) / repeats)
    runs.sort()
    print(json.dumps({"case": case, "peer": peer, "best": runs[0], "median": runs[60]}), flush=True)


def agree(peer, infer, windows, logits):
    """A peer that computes something else would be no measure; near ties may fall to either side on int8 grids."""
    for window, expected in zip(windows, logits.astype(np.float64)):
        chosen = expected[np.argmax(infer(window[None].copy()))]
        if expected.max() - chosen > 0.05 * np.abs(expected).max():
            sys.exit(f"{peer}: the class it chooses has the logit {chosen}, another {expected.max()}")


def identity():
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", value[:1], value[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def times(folder):
    from inference_models import Network, onnx_model, tflite_model

    report("a graph that does nothing", "ONNX Runtime", onnx_runtime(identity(), np.zeros((1, 1), np.float32))[0])
    for name in ("student", "teacher"):
        floats = Network(os.path.join(folder, f"{name}.f32.safetensors"))
        int8 = Network(os.path.join(folder, f"{name}.int8.safetensors"))
        windows, logits = floats.tensors["golden.input"], floats.tensors["golden.logits"]
        for case, network, expected in [("f32", floats, logits), ("int8", int8, int8.tensors["golden.logits"])]:
            peers = [("ONNX Runtime", onnx_runtime(onnx_model(network), windows)), ("LiteRT", litert(tflite_model(network, expected)))]
            if case == "f32":
                peers.append(("TorchScript", torchscript(network, windows)))
            for peer, (call, infer) in peers:
                agree(f"{peer}, {name} {case}", infer, windows, expected)
                report(f"{name} {case}", peer, call)


def export(path, model):
    from inference_models import Network, onnx_model

    with open(model, "wb") as file:
        file.write(onnx_model(Network(path)))


def memory(path):
    """The model is made in another process: this one holds what runs it alone."""
    made = session(path)
    shape = made.get_inputs()[0].shape
    for _ in range(100):
        made.run(None, {"window": np.zeros(shape, np.float32)})
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    {"time": times, "export": export, "memory": memory}[sys.argv[1]](*sys.argv[2:])
