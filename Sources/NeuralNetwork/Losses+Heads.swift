extension Losses {
    /// Cross-entropy against a class whose probability is the sum over its outputs, with `smoothing` of the target spread
    /// evenly over classes.
    ///
    /// - Source: Müller, Kornblith & Hinton 2020, arXiv:2002.03936, §2 (the probability of a class is the sum of those of
    ///   its subclasses).
    /// - Parameters:
    ///   - classOfOutput: (outputs).
    ///   - gradient: (outputs), the gradient by the logits is added.
    package static func crossEntropy(
        _ logits: UnsafePointer<Float>, classOfOutput: [Int], classes: Int, label: Int, smoothing: Float = 0,
        weight: Float = 1, addingTo gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        precondition((0..<classes).contains(label), "a label names a class")
        let outputs = classOfOutput.count
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: outputs + classes) { buffer in
            guard let p = buffer.baseAddress else { return 0 }
            let sums = p + outputs
            softmax(logits, classes: outputs, into: p)
            for c in 0..<classes { sums[c] = 1e-30 }
            for k in 0..<outputs { sums[classOfOutput[k]] += p[k] }
            let rest = smoothing / Float(classes)
            var loss: Float = 0
            for c in 0..<classes {
                let target = rest + (c == label ? 1 - smoothing : 0)
                if target > 0 { loss -= target * logarithm(sums[c]) }
            }
            for k in 0..<outputs {
                let c = classOfOutput[k]
                let target = rest + (c == label ? 1 - smoothing : 0)
                gradient[k] += weight * (p[k] - target * p[k] / sums[c])
            }
            return weight * loss
        }
    }

    /// Logistic function.
    package static func logistic(_ x: Float) -> Float {
        // Written for the sign, so that the exponential never overflows.
        if x >= 0 { return 1 / (1 + exponential(-x)) }
        let e = exponential(x)
        return e / (1 + e)
    }

    /// Cross-entropy of one logit against 0 or 1.
    ///
    /// - Parameter gradient: one element, the gradient by the logit is added.
    package static func logisticCrossEntropy(
        _ logit: Float, label: Int, smoothing: Float = 0, weight: Float = 1,
        addingTo gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        precondition(label == 0 || label == 1, "a binary label is 0 or 1")
        let target = smoothing / 2 + (label == 1 ? 1 - smoothing : 0)
        gradient[0] += weight * (logistic(logit) - target)
        return weight * (softplus(logit) - target * logit)
    }

    /// Divergence of the student's softened Bernoulli distribution from the teacher's, times `temperature²`: the form that
    /// ``softened(teacher:student:classes:temperature:weight:addingTo:)`` takes with one logit.
    ///
    /// - Domain: temperature above 0; logits finite.
    package static func logisticSoftened(
        teacher: Float, student: Float, temperature: Float, weight: Float = 1,
        addingTo gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        let (t, s) = (teacher / temperature, student / temperature)
        let p = logistic(t)
        gradient[0] += weight * temperature * (logistic(s) - p)
        // p·ln(p/q) + (1−p)·ln((1−p)/(1−q)), with ln σ(x) = −softplus(−x).
        let loss = softplus(s) - softplus(t) + p * (t - s)
        return weight * temperature * temperature * loss
    }

    /// ln(1 + eˣ).
    private static func softplus(_ x: Float) -> Float {
        x > 0 ? x + logarithm(1 + exponential(-x)) : logarithm(1 + exponential(x))
    }

    /// Half the squared difference.
    package static func squared(
        _ value: Float, target: Float, weight: Float = 1, addingTo gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        let difference = value - target
        gradient[0] += weight * difference
        return weight * 0.5 * difference * difference
    }

    /// The auxiliary loss under which a teacher finds subclasses: it tells each window of a batch from the others by their
    /// logits, so that a class does not collapse onto one output.
    ///
    /// Logits of each window are brought to zero mean and unit deviation, v; the loss is the mean over i of
    /// −vᵢ·vᵢ / T + ln Σⱼ exp(vᵢ·vⱼ / T) − ln n.
    ///
    /// - Source: Müller, Kornblith & Hinton 2020, arXiv:2002.03936, §2.1.
    /// - Shapes: `logits`, `gradient`: (windows × outputs), rows `stride` apart.
    /// - Domain: at least two outputs; temperature above 0.
    package static func contrast(
        _ logits: UnsafePointer<Float>, windows n: Int, outputs: Int, stride: Int, temperature: Float,
        weight: Float = 1, addingTo gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        precondition(outputs >= 2 && temperature > 0, "contrast needs outputs to tell apart")
        var v = [Float](repeating: 0, count: n * outputs)
        var inverse = [Float](repeating: 0, count: n)
        for i in 0..<n {
            let row = logits + i * stride
            var mean: Float = 0
            for k in 0..<outputs { mean += row[k] }
            mean /= Float(outputs)
            var variance: Float = 0
            for k in 0..<outputs { variance += (row[k] - mean) * (row[k] - mean) }
            inverse[i] = 1 / (variance / Float(outputs) + 1e-5).squareRoot()
            for k in 0..<outputs { v[i * outputs + k] = (row[k] - mean) * inverse[i] }
        }
        // d loss / d v; similarities are symmetric, so each row of shares acts on both of its ends.
        var slope = [Float](repeating: 0, count: n * outputs)
        var share = [Float](repeating: 0, count: n)
        var loss: Float = 0
        let factor = 1 / (Float(n) * temperature)
        for i in 0..<n {
            var own: Float = 0
            for j in 0..<n {
                var product: Float = 0
                for k in 0..<outputs { product += v[i * outputs + k] * v[j * outputs + k] }
                share[j] = product / temperature
                if i == j { own = share[j] }
            }
            let highest = share.max() ?? 0
            var sum: Float = 0
            for j in 0..<n {
                share[j] = exponential(share[j] - highest)
                sum += share[j]
            }
            loss += (highest + logarithm(sum) - own - logarithm(Float(n))) / Float(n)
            for j in 0..<n {
                let s = (share[j] / sum - (i == j ? 1 : 0)) * factor
                for k in 0..<outputs {
                    slope[i * outputs + k] += s * v[j * outputs + k]
                    slope[j * outputs + k] += s * v[i * outputs + k]
                }
            }
        }
        // Through the normalisation of each row.
        for i in 0..<n {
            var mean: Float = 0
            var along: Float = 0
            for k in i * outputs..<(i + 1) * outputs {
                mean += slope[k]
                along += slope[k] * v[k]
            }
            mean /= Float(outputs)
            along /= Float(outputs)
            for k in 0..<outputs {
                let at = i * outputs + k
                gradient[i * stride + k] += weight * inverse[i] * (slope[at] - mean - v[at] * along)
            }
        }
        return weight * loss
    }
}
