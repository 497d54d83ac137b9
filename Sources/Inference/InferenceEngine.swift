public import ModelArtifact
import TensorKernels

/// Runs a student on windows: integer throughout, with the bits that ``Student`` specifies on every machine.
///
/// Everything is allocated at initialisation. An engine serves one caller at a time; it takes no locks, so who infers
/// in parallel makes several.
public final class InferenceEngine {
    public let student: Student
    public let quantisation: InputQuantisation
    /// Values of a window: samples × channels.
    public let inputCount: Int
    public let outputCount: Int
    /// Multiply-accumulates for one window.
    public let multiplyAccumulates: Int
    /// Bytes of the working memory.
    public var arenaBytes: Int { arena.count + accumulators.count * MemoryLayout<Int32>.stride }

    private let plan: InferencePlan
    private let arena: UnsafeMutableBufferPointer<UInt8>
    private let accumulators: UnsafeMutableBufferPointer<Int32>

    /// Lays the student out in memory.
    ///
    /// - Throws: ``InferenceError`` `.invalidStudent`.
    public init(_ student: Student) throws(InferenceError) {
        do throws(ArtifactError) {
            try student.validate(requiringGolden: false)
        } catch {
            throw InferenceError(.invalidStudent, error.message, cause: error)
        }
        self.student = student
        quantisation = InputQuantisation(student)
        inputCount = student.spec.samples * student.spec.channels
        outputCount = student.spec.outputs
        multiplyAccumulates = student.spec.multiplyAccumulates
        plan = InferencePlan(student)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: plan.activationBytes, alignment: 64)
        arena = memory.bindMemory(to: UInt8.self)
        arena.initialize(repeating: 0)
        accumulators = .allocate(capacity: plan.accumulators)
        accumulators.initialize(repeating: 0)
        for run in plan.padding {
            UnsafeMutableBufferPointer(rebasing: arena[run.offset..<run.offset + run.count]).update(
                repeating: run.value)
        }
    }

    deinit {
        UnsafeMutableRawBufferPointer(arena).deallocate()
        accumulators.deallocate()
    }

    /// Infers a window in raw units.
    ///
    /// - Parameters:
    ///   - window: (samples × channels), row-major, in the task's units.
    ///   - logits: (outputs), filled with the integer logits.
    /// - Throws: ``InferenceError`` `.wrongSize`, `.notFinite`.
    /// - Precondition: `logits` holds ``outputCount`` elements.
    public func infer(
        _ window: UnsafeBufferPointer<Float>, into logits: UnsafeMutableBufferPointer<Int32>
    ) throws(InferenceError) {
        guard window.count == inputCount else {
            throw InferenceError(
                .wrongSize, "a window of \(window.count) values, where the student takes \(inputCount)")
        }
        let input = UnsafeMutableBufferPointer(rebasing: arena[plan.input..<plan.input + inputCount])
        guard quantisation.apply(window, into: input) else {
            throw InferenceError(.notFinite, "the window holds a value that is not finite")
        }
        run(into: logits)
    }

    /// Infers a window that is quantised already.
    ///
    /// - Throws: ``InferenceError`` `.wrongSize`.
    /// - Precondition: `logits` holds ``outputCount`` elements.
    public func infer(
        quantised window: UnsafeBufferPointer<UInt8>, into logits: UnsafeMutableBufferPointer<Int32>
    ) throws(InferenceError) {
        guard window.count == inputCount else {
            throw InferenceError(
                .wrongSize, "a window of \(window.count) values, where the student takes \(inputCount)")
        }
        _ = UnsafeMutableBufferPointer(rebasing: arena[plan.input..<plan.input + inputCount]).update(from: window)
        run(into: logits)
    }

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

    private func run(into logits: UnsafeMutableBufferPointer<Int32>) {
        precondition(logits.count == outputCount, "logits must have \(outputCount) elements")
        guard let base = arena.baseAddress, let sums = accumulators.baseAddress, let result = logits.baseAddress else {
            preconditionFailure("an engine's buffers are never empty")
        }
        for step in plan.steps {
            switch step {
            case .product(let product, let output):
                product.matrix.multiply(
                    rows: base + product.input, count: product.rows, rowStride: product.rowStride, bias: product.bias,
                    into: sums)
                Requantisation.apply(
                    sums, rows: product.rows, columns: product.matrix.outputs, multiplier: product.multiplier,
                    shift: product.shift, into: base + output)
            case .logits(let product):
                product.matrix.multiply(
                    rows: base + product.input, count: 1, rowStride: product.rowStride, bias: product.bias, into: result
                )
            case .maxPool(let input, let output, let samples, let size, let channels):
                Pooling.maximum(base + input, into: base + output, samples: samples, size: size, channels: channels)
            case .averagePool(let input, let output, let samples, let size, let channels):
                Pooling.average(base + input, into: base + output, samples: samples, size: size, channels: channels)
            }
        }
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
