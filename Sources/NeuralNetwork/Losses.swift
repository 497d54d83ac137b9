/// Losses on one window's logits; each writes the gradient and returns the loss in nats.
package enum Losses {
    /// Natural logarithm.
    package static func logarithm(_ x: Float) -> Float { NeuralNetwork.logarithm(x) }

    /// Softmax of logits divided by `temperature`.
    ///
    /// - Precondition: temperature above 0.
    package static func softmax(
        _ logits: UnsafePointer<Float>, classes: Int, temperature: Float = 1, into result: UnsafeMutablePointer<Float>
    ) {
        var highest = -Float.infinity
        for c in 0..<classes { highest = max(highest, logits[c]) }
        var sum: Float = 0
        for c in 0..<classes {
            result[c] = exponential((logits[c] - highest) / temperature)
            sum += result[c]
        }
        for c in 0..<classes { result[c] /= sum }
    }

    /// Cross-entropy against a class, with `smoothing` of the target spread evenly.
    ///
    /// - Source: Szegedy et al. 2016, arXiv:1512.00567, §7 (smoothing).
    /// - Parameters:
    ///   - weight: factor of loss and gradient.
    ///   - gradient: (classes), the gradient by the logits is added.
    package static func crossEntropy(
        _ logits: UnsafePointer<Float>, classes: Int, label: Int, smoothing: Float = 0, weight: Float = 1,
        addingTo gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        precondition((0..<classes).contains(label), "a label names a class")
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: classes) { buffer in
            guard let p = buffer.baseAddress else { return 0 }
            softmax(logits, classes: classes, into: p)
            let rest = smoothing / Float(classes)
            var loss: Float = 0
            for c in 0..<classes {
                let target = rest + (c == label ? 1 - smoothing : 0)
                if target > 0 { loss -= target * logarithm(max(p[c], 1e-30)) }
                gradient[c] += weight * (p[c] - target)
            }
            return weight * loss
        }
    }

    /// Divergence of the student's softened probabilities from the teacher's, times `temperature²` so that the gradient
    /// keeps its size.
    ///
    /// - Source: Hinton et al. 2015, arXiv:1503.02531, §2.
    /// - Domain: temperature above 0; logits finite.
    package static func softened(
        teacher: UnsafePointer<Float>, student: UnsafePointer<Float>, classes: Int, temperature: Float,
        weight: Float = 1, addingTo gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * classes) { buffer in
            guard let p = buffer.baseAddress else { return 0 }
            let q = p + classes
            softmax(teacher, classes: classes, temperature: temperature, into: p)
            softmax(student, classes: classes, temperature: temperature, into: q)
            var loss: Float = 0
            for c in 0..<classes {
                if p[c] > 0 { loss += p[c] * (logarithm(p[c]) - logarithm(max(q[c], 1e-30))) }
                gradient[c] += weight * temperature * (q[c] - p[c])
            }
            return weight * temperature * temperature * loss
        }
    }
}
