#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
public import ModelArtifact
import TensorKernels

/// Runs a network of floats on windows: what ``InferenceEngine`` is to a quantised student.
///
/// Outputs are the same bits for the same level of kernels, however many windows are inferred at a time; between levels
/// they differ in their last bits. float16 weights are widened when the engine is made.
public final class FloatEngine {
    public let network: FloatNetwork
    /// Values of a window: samples × channels.
    public let inputCount: Int
    public let outputCount: Int
    /// Windows that ``infer(windows:count:into:)`` takes at most.
    public let maximumWindows: Int
    /// Bytes of constants and working memory.
    public var arenaBytes: Int { arena.count }

    private let plan: InferencePlan<FloatLayer>
    private let arena: Arena
    private let scaling: InputScaling
    private let kernels = KernelTable.active
    private let advance: Int?
    /// Whether the arena holds the activations of a window, so that the next may reuse them.
    private var isWarm = false

    /// Lays the network out in memory.
    ///
    /// - Parameters: as ``InferenceEngine/init(_:windows:advance:)``.
    /// - Throws: ``InferenceError`` `.invalidStudent`.
    public init(_ network: FloatNetwork, windows: Int = 1, advance: Int? = nil) throws(InferenceError) {
        precondition(windows > 0 && advance ?? 1 > 0, "an engine takes at least one window, and goes forwards")
        precondition(windows == 1 || advance == nil, "overlap is reused from one window to the next")
        do throws(ArtifactError) {
            try network.validate(requiringGolden: false)
        } catch {
            throw InferenceError(.invalidStudent, error.message, cause: error)
        }
        let spec = network.spec
        self.network = network
        inputCount = spec.samples * spec.channels
        outputCount = spec.outputs
        maximumWindows = windows
        self.advance = advance.flatMap { $0 < spec.samples ? $0 : nil }
        var image = ArenaImage()
        let kernels = kernels
        plan = InferencePlan(
            spec, windows: windows, advance: self.advance, element: MemoryLayout<Float>.size,
            fusesPools: false, padding: { _ in 0 }, in: &image
        ) { slot, image in
            let layer = network.layers[slot.position]
            return FloatLayer(
                weights: layer.weight, bias: layer.bias, isRectified: slot.isRectified, kernels: kernels, in: &image)
        }
        scaling = InputScaling(
            mean: network.normalisation.mean, factor: network.normalisation.standardDeviation.map { 1 / $0 }, in: &image
        )
        arena = Arena(image)
    }

    /// Infers a window in raw units.
    ///
    /// - Parameters:
    ///   - window: (samples × channels), row-major, in the task's units.
    ///   - logits: (outputs).
    /// - Throws: ``InferenceError`` `.wrongSize`, `.notFinite`.
    /// - Precondition: `logits` holds ``outputCount`` elements.
    public func infer(
        _ window: UnsafeBufferPointer<Float>, into logits: UnsafeMutableBufferPointer<Float>
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
        windows: UnsafeBufferPointer<Float>, count: Int, into logits: UnsafeMutableBufferPointer<Float>
    ) throws(InferenceError) {
        precondition((1...maximumWindows).contains(count), "\(count) windows, where the engine takes \(maximumWindows)")
        precondition(logits.count == count * outputCount, "logits must have \(count * outputCount) elements")
        guard windows.count == count * inputCount, let source = windows.baseAddress, let result = logits.baseAddress
        else {
            throw InferenceError(
                .wrongSize, "a window of \(windows.count / count) values, where the network takes \(inputCount)")
        }
        var isFinite = true
        for window in 0..<count {
            let target =
                activations
                + (advance == nil ? plan.input.offset + window * plan.input.stride : plan.staging)
            let isThis = kernels.normalise(
                source + window * inputCount, count: inputCount, mean: scaling.mean(arena),
                factor: scaling.factor(arena), period: scaling.period, into: target)
            isFinite = isFinite && isThis
        }
        guard isFinite else { throw InferenceError(.notFinite, "the window holds a value that is not finite") }
        run(count, into: result)
    }

    private var activations: UnsafeMutablePointer<Float> { arena.base.assumingMemoryBound(to: Float.self) }

    private func run(_ count: Int, into result: UnsafeMutablePointer<Float>) {
        let isContinued = advance.map(takeStaged) ?? false
        let (base, activations, kernels) = (arena.base, activations, kernels)
        plan.run(windows: count, isContinued: isContinued) { to, from, count in
            memmove(activations + to, activations + from, count * MemoryLayout<Float>.size)
        } execute: { call in
            let input = activations + call.input
            let output = (call.isLast ? result : activations) + call.output
            let patches = call.patches
            switch call.operation {
            case .product(let layer): kernels.product(layer, in: base, patches, input: input, into: output)
            case .depthwise(let layer): kernels.depthwise(layer, in: base, patches, input: input, into: output)
            case .maximum, .average:
                let isAverage = if case .average = call.operation { true } else { false }
                kernels.pool(
                    input, rows: patches.rows, size: patches.segments, channels: patches.length, average: isAverage,
                    into: output)
            }
        }
    }

    /// Puts the staged window in the place of the one before.
    ///
    /// - Returns: whether it goes on from there.
    private func takeStaged(_ advance: Int) -> Bool {
        let (staged, input) = (activations + plan.staging, activations + plan.input.offset)
        let shift = advance * network.spec.channels
        let isContinued = isWarm && memcmp(staged, input + shift, (inputCount - shift) * MemoryLayout<Float>.size) == 0
        input.update(from: staged, count: inputCount)
        isWarm = true
        return isContinued
    }
}
