import ModelArtifact
import NeuralNetwork

/// Fits a student's gate to windows it was not trained on.
enum GateCalibration {
    /// - Parameters:
    ///   - logits: (windows × classes), real.
    ///   - labels: (windows); windows without a label are left out.
    ///   - escalationShare: of the windows, that are to ask for a verdict.
    static func gate(logits: [Float], labels: [Int], classes: Int, escalationShare: Double) -> Student.Gate {
        let rows = labels.indices.filter { labels[$0] >= 0 }
        guard !rows.isEmpty else { return Student.Gate(temperature: 1, threshold: 0) }
        let temperature = temperature(logits, labels, rows, classes)
        let confidences = rows.map { confidence(logits, $0, classes, temperature) }.sorted()
        let position = min(confidences.count - 1, Int(Double(confidences.count) * escalationShare))
        return Student.Gate(temperature: temperature, threshold: confidences[position])
    }

    /// The temperature with the least negative log-likelihood, in 0.1...10.
    ///
    /// - Source: Guo et al. 2017, arXiv:1706.04599, §4.2. The loss is convex in 1 / T, so a golden section finds it.
    private static func temperature(_ logits: [Float], _ labels: [Int], _ rows: [Int], _ classes: Int) -> Float {
        func loss(_ inverse: Float) -> Double {
            rows.reduce(0) { sum, row in
                let p = probabilities(logits, row, classes, 1 / inverse)
                return sum - Double(Losses.logarithm(max(p[labels[row]], 1e-30)))
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

    private static func probabilities(_ logits: [Float], _ row: Int, _ classes: Int, _ temperature: Float) -> [Float] {
        var result = [Float](repeating: 0, count: classes)
        logits.withUnsafeBufferPointer { logits in
            guard let base = logits.baseAddress else { return }
            Losses.softmax(base + row * classes, classes: classes, temperature: temperature, into: &result)
        }
        return result
    }

    private static func confidence(_ logits: [Float], _ row: Int, _ classes: Int, _ temperature: Float) -> Float {
        probabilities(logits, row, classes, temperature).max() ?? 0
    }
}
