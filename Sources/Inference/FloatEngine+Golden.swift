#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
public import ModelArtifact

extension FloatEngine {
    /// The logits of a window in raw units, in a new array.
    ///
    /// - Throws: ``InferenceError`` `.wrongSize`, `.notFinite`.
    public func logits(_ window: [Float]) throws(InferenceError) -> [Float] {
        var logits = [Float](repeating: 0, count: outputCount)
        let outcome: Result<Void, InferenceError> = window.withUnsafeBufferPointer { window in
            logits.withUnsafeMutableBufferPointer { logits in
                do throws(InferenceError) { return .success(try infer(window, into: logits)) } catch {
                    return .failure(error)
                }
            }
        }
        try outcome.get()
        return logits
    }

    /// Calibrated probabilities: softmax over `logit / temperature`.
    public func probabilities(_ logits: [Float]) -> [Float] {
        let highest = logits.max() ?? 0
        let values = logits.map { expf(($0 - highest) / network.gate.temperature) }
        let sum = values.reduce(0, +)
        return values.map { $0 / sum }
    }

    /// Checks that this machine yields the logits that the network was sent with, to its tolerance.
    ///
    /// - Throws: ``InferenceError`` `.goldenMismatch`, `.invalidStudent` where there are none.
    public func verifyGolden() throws(InferenceError) {
        guard !network.golden.isEmpty else {
            throw InferenceError(.invalidStudent, "the network has no golden vectors")
        }
        for (index, vector) in network.golden.enumerated() {
            let found = try logits(vector.input)
            let bound = network.tolerance * max(1, vector.logits.map(\.magnitude).max() ?? 0)
            // A NaN is within no bound.
            guard zip(found, vector.logits).allSatisfy({ abs($0 - $1) <= bound }) else {
                throw InferenceError(
                    .goldenMismatch,
                    "golden vector \(index) gives the logits \(found), not \(vector.logits) to within \(bound)")
            }
        }
    }

    /// The network with golden vectors made of these windows, as this engine computes them.
    ///
    /// - Parameter windows: each (samples × channels) in raw units.
    /// - Throws: ``InferenceError`` `.wrongSize`, `.notFinite`.
    public func network(withGolden windows: [[Float]]) throws(InferenceError) -> FloatNetwork {
        var copy = network
        copy.golden = []
        for window in windows { copy.golden.append(.init(input: window, logits: try logits(window))) }
        return copy
    }
}
