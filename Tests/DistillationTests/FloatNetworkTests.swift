import Inference
import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("Networks as edges run floats")
struct FloatNetworkTests {
    @Test("A trained teacher runs on edges as it was trained, and with weights of half the bytes nearly so")
    func teacher() throws {
        let windows = try SyntheticTask.windows(90, seed: 1)
        let task = SyntheticTask.task()
        let teacher = try Distiller(task: task, options: SyntheticTask.options()).trainTeacher(windows).teacher
        let expected = NetworkEvaluator(
            teacher.weights, Normaliser(teacher.normalisation), pool: ComputePool(threads: 1)
        ).logits(windows)
        var sizes: [Int] = []
        for (precision, tolerance) in [(FloatNetwork.Precision.float32, Float(1e-3)), (.float16, 0.05)] {
            let network = try FloatNetwork(
                teacher.weights, task: task, normalisation: teacher.normalisation, precision: precision)
            let file = network.encode()
            sizes.append(file.count)
            let engine = try FloatEngine(try FloatNetwork(decoding: file))
            try engine.verifyGolden()
            for index in 0..<windows.count {
                let own = windows.values[index * windows.windowSize..<(index + 1) * windows.windowSize]
                for (a, b) in zip(try engine.logits(Array(own)), expected[index * 3..<(index + 1) * 3]) {
                    #expect(abs(a - b) < tolerance * max(1, abs(b)), "\(precision)")
                }
            }
        }
        #expect(Double(sizes[1]) < 0.6 * Double(sizes[0]))
    }

    @Test("A student's floats give about what its integers do; layers that edges do not run are refused")
    func student() throws {
        let windows = try SyntheticTask.windows(120, seed: 1)
        let distiller = try Distiller(task: SyntheticTask.task(), options: SyntheticTask.options())
        let student = try distiller.distill(.none, windows: windows).student
        let engine = try FloatEngine(try FloatNetwork(student, precision: .float16))
        let logits = try student.logits(windows)
        let scale = logits.reduce(0) { max($0, abs($1)) }
        for index in 0..<windows.count {
            let own = windows.values[index * windows.windowSize..<(index + 1) * windows.windowSize]
            for (a, b) in zip(try engine.logits(Array(own)), logits[index * 3..<(index + 1) * 3]) {
                #expect(abs(a - b) < 0.2 * scale)
            }
        }
        let recurrent = NetworkWeights(
            spec: NetworkSpec(samples: 32, channels: 2, layers: [.gru(units: 4, sequence: false), .dense(units: 3)]),
            seed: 1)
        #expect(throws: DistillationError.self) {
            try FloatNetwork(
                recurrent, task: SyntheticTask.task(), normalisation: student.normalisation, precision: .float32)
        }
    }
}
