public import ModelArtifact

extension InferenceEngine {
    /// The logits of a window in raw units, in a new array.
    ///
    /// - Throws: ``InferenceError`` `.wrongSize`, `.notFinite`.
    public func logits(_ window: [Float]) throws(InferenceError) -> [Int32] {
        try collect { (logits) throws(InferenceError) in
            try Self.typed(window) { (window) throws(InferenceError) in try infer(window, into: logits) }
        }
    }

    /// The logits of a window that is quantised already, in a new array.
    ///
    /// - Throws: ``InferenceError`` `.wrongSize`.
    public func logits(quantised window: [UInt8]) throws(InferenceError) -> [Int32] {
        try collect { (logits) throws(InferenceError) in
            try Self.typed(window) { (window) throws(InferenceError) in try infer(quantised: window, into: logits) }
        }
    }

    /// Checks that this machine yields the logits that the student was sent with.
    ///
    /// - Throws: ``InferenceError`` `.goldenMismatch`, `.invalidStudent` where there are none.
    public func verifyGolden() throws(InferenceError) {
        guard !student.golden.isEmpty else {
            throw InferenceError(.invalidStudent, "the student has no golden vectors")
        }
        for (index, vector) in student.golden.enumerated() {
            let found = try logits(quantised: vector.input)
            guard found == vector.logits else {
                throw InferenceError(
                    .goldenMismatch, "golden vector \(index) gives the logits \(found), not \(vector.logits)")
            }
        }
    }

    /// The student with golden vectors made of these windows, as this engine computes them.
    ///
    /// - Parameter windows: each (samples × channels) in raw units.
    /// - Throws: ``InferenceError`` `.wrongSize`, `.notFinite`.
    public func student(withGolden windows: [[Float]]) throws(InferenceError) -> Student {
        var golden: [Student.GoldenVector] = []
        for window in windows {
            let logits = try logits(window)
            golden.append(Student.GoldenVector(input: quantisation(window), logits: logits))
        }
        var copy = student
        copy.golden = golden
        return copy
    }

    private func collect(
        _ body: (UnsafeMutableBufferPointer<Int32>) throws(InferenceError) -> Void
    ) throws(InferenceError) -> [Int32] {
        var outcome: Result<Void, InferenceError> = .success(())
        let logits = [Int32](unsafeUninitializedCapacity: outputCount) { buffer, count in
            buffer.initialize(repeating: 0)
            let target = UnsafeMutableBufferPointer(rebasing: buffer[..<outputCount])
            do throws(InferenceError) { try body(target) } catch { outcome = .failure(error) }
            count = outputCount
        }
        try outcome.get()
        return logits
    }

    private static func typed<Element>(
        _ array: [Element], _ body: (UnsafeBufferPointer<Element>) throws(InferenceError) -> Void
    ) throws(InferenceError) {
        let outcome: Result<Void, InferenceError> = array.withUnsafeBufferPointer { buffer in
            do throws(InferenceError) { return .success(try body(buffer)) } catch { return .failure(error) }
        }
        try outcome.get()
    }
}
