import Foundation
import ModelArtifact
import NeuralNetwork
import Testing

@testable import ModelExchange

@Suite("ONNX import") struct ONNXImportTests {
    @Test("What was exported reads back as the same network", arguments: [0, 1, 2])
    func roundTrip(index: Int) throws {
        // GELU is several nodes in opset 17, and is not put together again.
        let layers = TestNetwork.layers[index].filter { $0 != .gelu }
        let (weights, normalisation) = TestNetwork.network(layers, seed: 5)
        let task = TestNetwork.task(weights.spec)
        let read = try ONNXImport(try ONNXExport.float(weights, normalisation: normalisation, task: task))
        #expect(read.task == task)
        #expect(read.notes == [])
        for (a, b) in zip(read.normalisation.mean, normalisation.mean) { #expect((a - b).magnitude < 1e-5) }
        let windows = TestNetwork.windows(weights.spec, count: 20)
        let expected = try TestNetwork.outputs(weights, normalisation, windows)
        let found = try TestNetwork.outputs(read.weights, read.normalisation, windows)
        #expect(Tolerance.relative(found, expected) < 1e-5)
    }

    @Test(
        "A file of PyTorch's exporters gives the logits that ONNX Runtime does", arguments: ["torchscript", "dynamo"])
    func pyTorch(exporter: String) async throws {
        let file = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Workbench.fixture("teacher-\(exporter).onnx"))))
        let read = try ONNXImport(file)
        #expect(read.weights.spec.samples == 40 && read.weights.spec.channels == 3 && read.weights.spec.outputs == 4)
        try await compare([file], channelsFirst: true)
    }

    /// Sets our outputs beside ONNX Runtime's.
    private func compare(_ files: [[UInt8]], channelsFirst: Bool) async throws {
        var runs: [PeerRuntime.Run] = []
        var outputs: [[[Float]]] = []
        for file in files {
            let read = try ONNXImport(file)
            let spec = read.weights.spec
            let windows = TestNetwork.windows(spec, count: 30)
            outputs.append(try TestNetwork.outputs(read.weights, read.normalisation, windows))
            let turned = windows.map { window in
                window.indices.map { window[$0 % spec.samples * spec.channels + $0 / spec.samples] }
            }
            let shape = NetworkSpec(samples: spec.channels, channels: spec.samples, layers: [])
            runs.append(.init(file, channelsFirst ? turned : windows, channelsFirst ? shape : spec, mode: "optimised"))
        }
        for (found, expected) in zip(outputs, try await PeerRuntime.outputs(runs)) {
            #expect(Tolerance.relative(found, expected) < 1e-4)
            #expect(Set(expected.flatMap(\.self)).count > 30, "the network is alive")
        }
    }

    /// A graph of one convolution, from (3 × 20), and a dense layer.
    private func convolution(_ attributes: KeyValuePairs<String, ONNXBuilder.Value>, kernel: Int, left: Int) throws
        -> [UInt8]
    {
        var random = TestRandom(seed: 3)
        var builder = ONNXBuilder()
        let weight = builder.constant(
            "w", [4, 3, kernel], (0..<12 * kernel).map { _ in Float.random(in: -1...1, using: &random) })
        let sum = builder.node("Conv", "conv", ["x", weight], attributes)
        let flat = builder.node("Flatten", "flat", [builder.node("Relu", "relu", [sum])])
        let matrix = builder.constant(
            "m", [4 * left, 2], (0..<8 * left).map { _ in Float.random(in: -1...1, using: &random) })
        let bias = builder.constant("b", [2], [Float(0.5), -0.25])
        builder.node("Add", "y", [bias, builder.node("MatMul", "product", [flat, matrix])])
        return try builder.encode(name: "g", input: ("x", [3, 20]), output: ("y", [2]), metadata: [])
    }

    @Test("Symmetric, causal and other paddings that keep the samples are read, also where they are not ours")
    func paddings() async throws {
        let cases: [(pads: [Int], kernel: Int, stride: Int, dilation: Int)] = [
            ([2, 2], 5, 1, 1), ([2, 2], 5, 2, 1), ([4, 0], 5, 1, 1), ([0, 4], 5, 1, 1), ([1, 1], 3, 3, 1),
            ([6, 6], 5, 1, 3), ([12, 0], 5, 1, 3), ([1, 0], 2, 2, 1),
        ]
        let files = try cases.map { pads, kernel, stride, dilation in
            let left = (20 + stride - 1) / stride
            return try convolution(
                ["pads": .ints(pads), "strides": .ints([stride]), "dilations": .ints([dilation])], kernel: kernel,
                left: left)
        }
        try await compare(files, channelsFirst: true)
    }

    @Test("What is not known is named, operator or attribute")
    func unsupported() throws {
        func message(_ file: [UInt8]) -> String {
            do { _ = try ONNXImport(file) } catch {
                #expect(error.code == .unsupported)
                return error.message
            }
            return ""
        }
        #expect(message(try convolution(["pads": .ints([0, 0])], kernel: 5, left: 16)).contains("pads [0, 0] over 20"))
        #expect(message(try convolution(["group": .int(3)], kernel: 1, left: 20)).contains("group 3"))
        #expect(message(try convolution(["flavour": .int(3)], kernel: 1, left: 20)).contains("flavour"))

        func single(_ type: String, _ attributes: KeyValuePairs<String, ONNXBuilder.Value> = [:]) throws -> [UInt8] {
            var builder = ONNXBuilder()
            let turned = builder.node("Transpose", "turned", ["x"], ["perm": .ints([0, 2, 1])])
            builder.node(type, "odd", [turned], attributes)
            builder.node("Flatten", "y", ["odd"])
            return try builder.encode(name: "g", input: ("x", [20, 3]), output: ("y", [60]), metadata: [])
        }
        #expect(message(try single("LSTM")).contains("LSTM"))
        #expect(
            message(try single("MaxPool", ["kernel_shape": .ints([3]), "strides": .ints([1])])).contains("overlap"))
        #expect(
            message(try single("MaxPool", ["kernel_shape": .ints([3]), "strides": .ints([3]), "ceil_mode": .int(1)]))
                .contains("ceil_mode"))
        #expect(message(try single("Flatten", ["axis": .int(2)])).contains("axis"))
    }

    @Test("Pools, transpositions, reshapings and reductions of both layouts are read", arguments: [false, true])
    func layouts(channelsFirst: Bool) async throws {
        var random = TestRandom(seed: 3)
        func values(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &random) } }
        var builder = ONNXBuilder()
        var tensor = "x"
        let scale = builder.constant("scale", channelsFirst ? [3, 1] : [3], [Float(0.5), 2, 1.5])
        tensor = builder.node("Div", "scaled", [tensor, scale])
        if !channelsFirst { tensor = builder.node("Transpose", "turned", [tensor], ["perm": .ints([0, 2, 1])]) }
        let second = builder.constant("two", [1], [Int64(2)])
        tensor = builder.node("Unsqueeze", "plane", [tensor, second])
        let weight = builder.constant("w", [4, 3, 1, 3], values(36))
        tensor = builder.node(
            "Conv", "conv", [tensor, weight, builder.constant("b", [4], values(4))],
            ["pads": .ints([0, 1, 0, 1]), "kernel_shape": .ints([1, 3])])
        tensor = builder.node("Squeeze", "line", [tensor, second])
        tensor = builder.node("AveragePool", "pool", [tensor], ["kernel_shape": .ints([2]), "strides": .ints([2])])
        tensor = builder.node("Transpose", "back", [tensor], ["perm": .ints([0, 2, 1])])
        tensor = builder.node("ReduceMax", "peak", [tensor], ["axes": .ints([1]), "keepdims": .int(0)])
        let shape = builder.constant("shape", [2], [Int64(-1), 4])
        tensor = builder.node("Reshape", "flat", [tensor, shape])
        builder.node(
            "Gemm", "y", [tensor, builder.constant("m", [4, 3], values(12)), builder.constant("c", [3], values(3))],
            ["alpha": .float(0.5), "beta": .float(2)])
        let file = try builder.encode(
            name: "g", input: ("x", channelsFirst ? [3, 20] : [20, 3]), output: ("y", [3]), metadata: [])
        let read = try ONNXImport(file)
        #expect(read.normalisation.standardDeviation == [0.5, 2, 1.5])
        try await compare([file], channelsFirst: channelsFirst)
    }

    @Test("A softmax at the end is left out, and said")
    func softmax() throws {
        var builder = ONNXBuilder()
        let matrix = builder.constant("m", [3, 2], [Float(1), 2, 3, 4, 5, 6])
        builder.node("Softmax", "y", [builder.node("MatMul", "product", ["x", matrix])])
        let read = try ONNXImport(
            try builder.encode(name: "g", input: ("x", [3]), output: ("y", [2]), metadata: []))
        #expect(read.weights.spec.layers == [.dense(units: 2)])
        #expect(read.notes.count == 1)
        #expect(try TestNetwork.outputs(read.weights, read.normalisation, [[1, 0, -1]]) == [[-4, -4]])
    }
}
