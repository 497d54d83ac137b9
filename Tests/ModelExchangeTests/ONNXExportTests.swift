import Inference
import ModelArtifact
import ModelExchange
import NeuralNetwork
import Testing

/// Needs onnx and onnxruntime, which `./dev test` installs.
@Suite("ONNX export") struct ONNXExportTests {
    @Test("ONNX Runtime gives the classes of the edge on every window for int8 students, and close outputs")
    func quantised() async throws {
        try await StudentComparison.check(modes: ["optimised", "plain"]) { student throws(ExchangeError) in
            try ONNXExport.quantised(student)
        }
    }

    @Test("A float network gives the same outputs in ONNX Runtime within a hundred-thousandth")
    func float() async throws {
        var runs: [PeerRuntime.Run] = []
        var expected: [[[Float]]] = []
        for (index, layers) in TestNetwork.layers.enumerated() {
            let (weights, normalisation) = TestNetwork.network(layers, seed: UInt64(index))
            let windows = TestNetwork.windows(weights.spec, count: 40)
            expected.append(try TestNetwork.outputs(weights, normalisation, windows))
            let file = try ONNXExport.float(weights, normalisation: normalisation, task: TestNetwork.task(weights.spec))
            runs.append(.init(file, windows, weights.spec, mode: "optimised"))
        }
        for (found, expected) in zip(try await PeerRuntime.outputs(runs), expected) {
            #expect(found.map(PeerRuntime.best) == expected.map(PeerRuntime.best))
            #expect(Tolerance.relative(found, expected) < 1e-5)
        }
    }

    @Test("A student as floats gives what its rounded activations do, but for the rounding")
    func dequantised() async throws {
        let student = try TestStudent.student(TestStudent.shapes[0], seed: 3)
        let windows = TestStudent.windows(student, count: 40, seed: 17)
        let engine = try InferenceEngine(student)
        let expected = try windows.map { try engine.logits($0).map { Float($0) * engine.logitScale } }
        let found = try await PeerRuntime.outputs(
            .init(try ONNXExport.float(student), windows, student.spec, mode: "optimised"))
        #expect(Tolerance.relative(found, expected) < 0.05)
    }

    @Test("A layer without an ONNX form is named")
    func unsupported() throws {
        let (weights, normalisation) = TestNetwork.network([.spectrogram(frame: 8, hop: 4), .dense(units: 2)], seed: 1)
        let error = #expect(throws: ExchangeError.self) {
            try ONNXExport.float(weights, normalisation: normalisation, task: TestNetwork.task(weights.spec))
        }
        #expect(error?.code == .unsupported && error?.message.contains("layers.0") == true)
    }
}
