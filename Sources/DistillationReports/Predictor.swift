import Distillation
import Inference
import ModelArtifact
import NeuralNetwork

/// A trained network as a study asks it: a teacher in float, a student in the integers that edges run.
struct Predictor {
    /// (windows × outputs), real logits.
    let logits: (LabelledWindows) throws -> [Float]
    /// Infers one window as an edge does.
    let inferOne: (_ window: Int, LabelledWindows) throws -> Void

    init(_ teacher: TrainedTeacher, pool: ComputePool) {
        let evaluator = NetworkEvaluator(teacher.weights, Normaliser(teacher.normalisation), pool: pool)
        let single = NetworkEvaluator(
            teacher.weights, Normaliser(teacher.normalisation), pool: ComputePool(threads: 1))
        logits = { evaluator.logits($0) }
        inferOne = { window, windows in _ = single.logits(windows.selecting([window])) }
    }

    /// - Throws: `InferenceError` where the student is not valid.
    init(_ student: Student, threads: Int) throws {
        logits = { try student.logits($0, threads: threads) }
        let engine = try InferenceEngine(student)
        var output = [Int32](repeating: 0, count: engine.outputCount)
        inferOne = { window, windows in
            try windows.values.withUnsafeBufferPointer { values in
                try output.withUnsafeMutableBufferPointer { output in
                    let range = window * windows.windowSize..<(window + 1) * windows.windowSize
                    try engine.infer(UnsafeBufferPointer(rebasing: values[range]), into: output)
                }
            }
        }
    }

    /// Times single windows on this machine, one after the other on one core.
    func latency(_ windows: LabelledWindows) throws -> Latency {
        let runs = 500
        let clock = ContinuousClock()
        var seconds: [Double] = []
        for run in 0..<runs + 50 {
            let began = clock.now
            try inferOne(run % windows.count, windows)
            // The first ones meet cold caches.
            if run >= 50 { seconds.append((clock.now - began) / .seconds(1)) }
        }
        seconds.sort()
        return Latency(median: seconds[runs / 2], p99: seconds[runs * 99 / 100], runs: runs)
    }
}

/// Seconds that one inference took on this machine.
public struct Latency: Sendable, Equatable {
    public var median: Double
    public var p99: Double
    public var runs: Int
}
