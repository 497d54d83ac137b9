#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
public import ModelArtifact
import TensorKernels

/// Runs a student on windows: integer throughout, with the bits that ``Student`` specifies on every machine.
///
/// Everything is allocated at initialisation, in one arena: constants, activations and their padding. An engine serves one
/// caller at a time; it takes no locks, so who infers in parallel makes several.
public final class InferenceEngine {
    public let student: Student
    public let quantisation: InputQuantisation
    /// Values of a window: samples × channels.
    public let inputCount: Int
    public let outputCount: Int
    /// Multiply-accumulates for one window.
    public let multiplyAccumulates: Int
    /// Windows that ``infer(windows:count:into:)`` takes at most.
    public let maximumWindows: Int
    /// Bytes of constants and working memory.
    public var arenaBytes: Int { arena.count }

    private let plan: InferencePlan<Int8Layer>
    private let arena: Arena
    private let scaling: InputScaling
    private let scratch: Int
    private let kernels = KernelTable.active
    /// Whether the arena holds the activations of a window, so that the next may reuse them.
    private var isWarm = false
    private let advance: Int?

    /// Lays the student out in memory.
    ///
    /// - Parameters:
    ///   - windows: how many windows are inferred in one call at most.
    ///   - advance: samples from one window to the next: single windows that overlap with the one before so much are not
    ///     computed anew where they overlap. The logits are the same. Other windows only lose the comparison.
    /// - Throws: ``InferenceError`` `.invalidStudent`.
    /// - Precondition: `windows` and `advance` above 0, and not both given.
    public init(_ student: Student, windows: Int = 1, advance: Int? = nil) throws(InferenceError) {
        precondition(windows > 0 && advance ?? 1 > 0, "an engine takes at least one window, and goes forwards")
        precondition(windows == 1 || advance == nil, "overlap is reused from one window to the next")
        do throws(ArtifactError) {
            try student.validate(requiringGolden: false)
        } catch {
            throw InferenceError(.invalidStudent, error.message, cause: error)
        }
        let spec = student.spec
        self.student = student
        quantisation = InputQuantisation(student)
        inputCount = spec.samples * spec.channels
        outputCount = spec.outputs
        multiplyAccumulates = spec.multiplyAccumulates
        maximumWindows = windows
        self.advance = advance.flatMap { $0 < spec.samples ? $0 : nil }
        var image = ArenaImage()
        let zeroPoints = spec.activationZeroPoints
        plan = InferencePlan(
            spec, windows: windows, advance: self.advance, element: 1, fusesPools: true, padding: { zeroPoints[$0] },
            in: &image
        ) { slot, image in
            Int8Layer(student.layers[slot.position], slot, zeroPoints, in: &image)
        }
        scaling = InputScaling(mean: quantisation.mean, factor: quantisation.factor, in: &image)
        let widest = spec.extents.dropFirst().map(\.channels).max() ?? 0
        scratch = image.reserve((widest + 15) / 16 * 16 * 3 * MemoryLayout<Int32>.size)
        arena = Arena(image)
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
        try infer(windows: window, count: 1, into: logits)
    }

    /// Infers several windows in raw units; their logits are those of single calls.
    ///
    /// - Parameters:
    ///   - windows: (count × samples × channels), row-major.
    ///   - logits: (count × outputs).
    /// - Throws: ``InferenceError`` `.wrongSize`, `.notFinite`.
    /// - Precondition: `count` is within 1...``maximumWindows``, and `logits` holds as many elements.
    public func infer(
        windows: UnsafeBufferPointer<Float>, count: Int, into logits: UnsafeMutableBufferPointer<Int32>
    ) throws(InferenceError) {
        try check(windows.count, count)
        guard let source = windows.baseAddress else { preconditionFailure("a window has values") }
        var isFinite = true
        for window in 0..<count {
            let isThis = kernels.quantise(
                source + window * inputCount, count: inputCount, mean: scaling.mean(arena),
                factor: scaling.factor(arena), period: scaling.period, into: target(window))
            isFinite = isFinite && isThis
        }
        guard isFinite else {
            isWarm = false
            throw InferenceError(.notFinite, "the window holds a value that is not finite")
        }
        run(count, into: logits)
    }

    /// Infers a window that is quantised already.
    ///
    /// - Throws: ``InferenceError`` `.wrongSize`.
    /// - Precondition: `logits` holds ``outputCount`` elements.
    public func infer(
        quantised window: UnsafeBufferPointer<UInt8>, into logits: UnsafeMutableBufferPointer<Int32>
    ) throws(InferenceError) {
        try check(window.count, 1)
        guard let source = window.baseAddress else { preconditionFailure("a window has values") }
        target(0).update(from: source, count: inputCount)
        run(1, into: logits)
    }

    private func check(_ values: Int, _ count: Int) throws(InferenceError) {
        precondition((1...maximumWindows).contains(count), "\(count) windows, where the engine takes \(maximumWindows)")
        guard values == count * inputCount else {
            throw InferenceError(
                .wrongSize, "a window of \(values / count) values, where the student takes \(inputCount)")
        }
    }

    private var activations: UnsafeMutablePointer<UInt8> { arena.base.assumingMemoryBound(to: UInt8.self) }

    /// Where a quantised window is written: to one side first, where it is compared with the one before.
    private func target(_ window: Int) -> UnsafeMutablePointer<UInt8> {
        advance == nil ? activations + plan.input.offset + window * plan.input.stride : activations + plan.staging
    }

    private func run(_ count: Int, into logits: UnsafeMutableBufferPointer<Int32>) {
        precondition(logits.count == count * outputCount, "logits must have \(count * outputCount) elements")
        guard let result = logits.baseAddress else { preconditionFailure("an engine has outputs") }
        let isContinued = advance.map(takeStaged) ?? false
        let (base, activations, kernels) = (arena.base, activations, kernels)
        let sums = (base + scratch).assumingMemoryBound(to: Int32.self)
        plan.run(windows: count, isContinued: isContinued) { to, from, count in
            memmove(activations + to, activations + from, count)
        } execute: { call in
            let (input, output) = (activations + call.input, activations + call.output)
            let patches = call.patches
            switch call.operation {
            case .product(let layer):
                let target =
                    call.isLast ? UnsafeMutableRawPointer(result + call.output) : UnsafeMutableRawPointer(output)
                kernels.product(layer, in: base, patches, input: input, scratch: sums, into: target)
            case .depthwise(let layer): kernels.depthwise(layer, in: base, patches, input: input, into: output)
            case .maximum:
                kernels.maximum(
                    of: input, rows: patches.rows, size: patches.segments, channels: patches.length, into: output)
            case .average:
                kernels.average(
                    of: input, rows: patches.rows, size: patches.segments, channels: patches.length, into: output)
            }
        }
    }

    /// Puts the staged window in the place of the one before.
    ///
    /// - Returns: whether it goes on from there.
    private func takeStaged(_ advance: Int) -> Bool {
        let (staged, input) = (activations + plan.staging, activations + plan.input.offset)
        let shift = advance * student.spec.channels
        let isContinued = isWarm && memcmp(staged, input + shift, inputCount - shift) == 0
        input.update(from: staged, count: inputCount)
        isWarm = true
        return isContinued
    }
}
