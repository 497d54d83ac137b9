#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import ModelArtifact

extension InferenceEngine {
    /// What a classifier says of a window.
    public struct Decision: Sendable, Equatable {
        /// Index of the most probable class; the lowest of equals.
        public var classIndex: Int
        /// Calibrated probability of that class.
        public var confidence: Float
        /// Below the gate's threshold: the teacher should be asked.
        public var isUncertain: Bool

        public init(classIndex: Int, confidence: Float, isUncertain: Bool) {
            self.classIndex = classIndex
            self.confidence = confidence
            self.isUncertain = isUncertain
        }
    }

    /// Scale that makes real logits of integer ones.
    public var logitScale: Float { student.layers.last?.outputScale ?? 1 }

    /// Calibrated probabilities: softmax over `logit · logitScale / temperature`.
    ///
    /// - Shapes: `logits`, `probabilities`: (outputs).
    public func probabilities(
        _ logits: UnsafeBufferPointer<Int32>, into probabilities: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(
            logits.count == outputCount && probabilities.count == outputCount, "one element for each output is needed")
        self.probabilities(ofHead: logits, into: probabilities)
    }

    /// Probabilities of one head of several, as ``probabilities(_:into:)``.
    ///
    /// - Shapes: `logits`, `probabilities`: (outputs of the head).
    public func probabilities(
        ofHead logits: UnsafeBufferPointer<Int32>, into probabilities: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(logits.count == probabilities.count, "one element for each output is needed")
        let highest = logits.max() ?? 0
        let scale = logitScale / student.gate.temperature
        var sum: Float = 0
        for index in logits.indices {
            // The difference is taken in integers, where it is exact.
            let value = expf(Float(Int64(logits[index]) - Int64(highest)) * scale)
            probabilities[index] = value
            sum += value
        }
        for index in probabilities.indices { probabilities[index] /= sum }
    }

    /// Calibrated probabilities in a new array.
    public func probabilities(_ logits: [Int32]) -> [Float] {
        [Float](unsafeUninitializedCapacity: outputCount) { buffer, count in
            let target = UnsafeMutableBufferPointer(rebasing: buffer[..<outputCount])
            logits.withUnsafeBufferPointer { probabilities($0, into: target) }
            count = outputCount
        }
    }

    /// The most probable class, and whether the gate asks for a verdict.
    ///
    /// - Parameter probabilities: (outputs), from ``probabilities(_:into:)``.
    public func decision(_ probabilities: UnsafeBufferPointer<Float>) -> Decision {
        var best = 0
        for index in probabilities.indices where probabilities[index] > probabilities[best] { best = index }
        let confidence = probabilities[best]
        return Decision(classIndex: best, confidence: confidence, isUncertain: confidence < student.gate.threshold)
    }

    /// The most probable class, and whether the gate asks for a verdict.
    public func decision(_ probabilities: [Float]) -> Decision {
        probabilities.withUnsafeBufferPointer { decision($0) }
    }

    /// The predicted value of a regression, in the target's unit.
    public func value(_ logits: [Int32]) -> Float { Float(logits.first ?? 0) * logitScale }
}
