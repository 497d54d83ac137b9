import ModelArtifact
import NeuralNetwork

/// Fits a student's gate to windows it was not trained on.
enum GateCalibration {
    /// The gate of a single classification; one that never asks for any other task, and knows the errors of a regression.
    ///
    /// - Parameters:
    ///   - logits: (windows × outputs), real.
    ///   - windows: those of which nothing is known are left out.
    ///   - escalationShare: of the windows, that are to ask for a verdict.
    static func gate(
        logits: [Float], _ windows: LabelledWindows, _ layout: OutputLayout, escalationShare: Double
    ) -> Student.Gate {
        if layout.heads.count == 1, layout.heads.first?.form == .value {
            let error = Scores(logits, windows, layout)?.rootMeanSquareError
            return Student.Gate(temperature: 1, threshold: 0, standardDeviation: error.map { Float($0) })
        }
        let rows = (0..<windows.count).filter { windows.isLabelled($0) }
        guard layout.heads.count == 1, let head = layout.heads.first, head.form == .softmax, !rows.isEmpty else {
            return Student.Gate(temperature: 1, threshold: 0)
        }
        let temperature = temperature(logits, windows, rows, head)
        let confidences = rows.map { row in shares(logits, row, head, temperature).max() ?? 0 }.sorted()
        let position = min(confidences.count - 1, Int(Double(confidences.count) * escalationShare))
        return Student.Gate(temperature: temperature, threshold: confidences[position])
    }

    /// The temperature with the least negative log-likelihood, in 0.1...10.
    ///
    /// - Source: Guo et al. 2017, arXiv:1706.04599, §4.2. The loss is convex in 1 / T, so a golden section finds it.
    private static func temperature(
        _ logits: [Float], _ windows: LabelledWindows, _ rows: [Int], _ head: OutputLayout.Head
    ) -> Float {
        func loss(_ inverse: Float) -> Double {
            rows.reduce(0) { sum, row in
                let p = shares(logits, row, head, 1 / inverse)
                let label = head.classOfLabel[windows.label(row)]
                let right = p.indices.reduce(Float(0)) { $0 + (head.classOfOutput[$1] == label ? p[$1] : 0) }
                return sum - Double(Losses.logarithm(max(right, 1e-30)))
            }
        }
        let ratio: Float = 0.618_034
        var (low, high): (Float, Float) = (0.1, 10)
        var (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
        var (lossA, lossB) = (loss(a), loss(b))
        for _ in 0..<24 {
            if lossA < lossB {
                (high, b, lossB) = (b, a, lossA)
                a = high - ratio * (high - low)
                lossA = loss(a)
            } else {
                (low, a, lossA) = (a, b, lossB)
                b = low + ratio * (high - low)
                lossB = loss(b)
            }
        }
        return 2 / (low + high)
    }

    /// Probability of each output.
    private static func shares(
        _ logits: [Float], _ row: Int, _ head: OutputLayout.Head, _ temperature: Float
    ) -> [Float] {
        let outputs = head.range.count
        var result = [Float](repeating: 0, count: outputs)
        logits.withUnsafeBufferPointer { logits in
            guard let base = logits.baseAddress else { return }
            Losses.softmax(base + row * outputs, classes: outputs, temperature: temperature, into: &result)
        }
        return result
    }
}
