"""Prints the outputs of models, a line of numbers for each window. Reads lines MODEL WINDOWS SAMPLES CHANNELS MODE.

MODEL is .onnx (ONNX Runtime; MODE `optimised` or `plain`) or .tflite (LiteRT; MODE `xnnpack` or `builtin`); WINDOWS holds
little-endian float32, (windows x samples x channels).
"""
import sys

import numpy as np


def onnx_outputs(path, windows, mode):
    import onnx
    import onnxruntime

    onnx.checker.check_model(path, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Without VNNI, 16-bit sums of products could saturate.
    options.add_session_config_entry("session.x64quantprecision", "1")
    if mode == "plain":
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    dynamic = isinstance(session.get_inputs()[0].shape[0], str)
    batches = [windows] if dynamic else [windows[i:i + 1] for i in range(len(windows))]
    return np.concatenate([session.run(None, {name: batch})[0] for batch in batches])


def tflite_outputs(path, windows, mode):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if mode == "builtin" else OpResolverType.AUTO
    interpreter = Interpreter(path, num_threads=1, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    rows = []
    for window in windows:
        interpreter.set_tensor(source, window[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(target)[0].copy())
    return np.stack(rows)


def main():
    for line in sys.stdin:
        path, data, samples, channels, mode = line.split()
        windows = np.fromfile(data, "<f4").reshape(-1, int(samples), int(channels))
        outputs = onnx_outputs if path.endswith(".onnx") else tflite_outputs
        print("MODEL")
        for row in outputs(path, windows, mode):
            print("OUTPUT", *(repr(float(value)) for value in row))


main()
