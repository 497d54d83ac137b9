import Inference
import ModelArtifact
import ModelExchange
import Testing

/// Needs ai-edge-litert, which `./dev test` installs.
@Suite("TensorFlow Lite export") struct TFLiteExportTests {
    @Test("LiteRT gives the classes of the edge on every window, and close outputs", arguments: ["xnnpack", "builtin"])
    func classes(mode: String) throws {
        for (index, spec) in TestStudent.shapes.enumerated() {
            let student = try TestStudent.student(spec, seed: UInt64(index))
            let windows = TestStudent.windows(student, count: 300, seed: 17)
            let engine = try InferenceEngine(student)
            let expected = try windows.map { try engine.logits($0).map { Float($0) * engine.logitScale } }
            let found = try PeerRuntime.outputs(
                try TFLiteExport.quantised(student), "tflite", windows, spec, mode: mode)
            #expect(found.map(PeerRuntime.best) == expected.map(PeerRuntime.best), "\(mode) \(spec)")
            #expect(Tolerance.steps(found, expected, student) <= 2, "\(mode) \(spec)")
        }
    }
}
