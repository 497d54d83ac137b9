import ModelArtifact
import TensorKernels

/// A network laid out for execution: operators over offsets into one arena.
///
/// Every activation has a region of its own with the padding around it that the convolution after it reads, so padding is
/// written once, when the arena is made. ReLUs are part of the operator before them.
struct InferencePlan<Layer> {
    /// Where an activation stands: elements from the arena's start to the first sample of the first window, and from one
    /// window to the next.
    struct Region {
        let offset: Int
        let stride: Int
    }

    enum Operation {
        case product(Layer)
        case depthwise(Layer)
        /// Over the segments of each patch.
        case maximum
        case average
    }

    struct Step {
        let operation: Operation
        /// The rows of the output, and what each reads from `input` on.
        let patches: Patches
        let input: Region
        /// Of the last step there is none: it yields the logits.
        let output: Region
        /// Elements of an output row.
        let outputs: Int
        var rows: Int { patches.rows / patches.pool }
        /// Output rows that overlapping windows share.
        let shared: StreamingOverlap?
    }

    /// What a layer's constants are made for.
    struct Slot {
        /// In the spec, and among the weighted layers.
        let index: Int
        let position: Int
        let patches: Patches
        let isDepthwise: Bool
        let isRectified: Bool
        let isLast: Bool
    }

    private(set) var steps: [Step] = []
    /// Where the windows go.
    private(set) var input = Region(offset: 0, stride: 0)
    /// Room for one more window, where streaming needs it.
    private(set) var staging = 0

    /// - Parameters:
    ///   - windows: how many are inferred at a time.
    ///   - advance: samples from one window to the next where their overlap is to be reused.
    ///   - element: bytes of an activation.
    ///   - fusesPools: whether products can keep the larger of every two rows.
    ///   - padding: the byte that fills the padding around the activation before a layer.
    ///   - image: gets regions and constants.
    ///   - constants: stores a layer's constants.
    /// - Precondition: the spec is that of a student.
    init(
        _ spec: NetworkSpec, windows: Int, advance: Int?, element: Int, fusesPools: Bool, padding: (Int) -> UInt8,
        in image: inout ArenaImage, constants: (Slot, inout ArenaImage) -> Layer
    ) {
        let extents = spec.extents
        let weighted = spec.weightedLayers
        var overlap = advance.map { StreamingOverlap(advance: $0, before: 0, after: 0, rows: spec.samples) }
        // The activation before a layer, placed for the layer that reads it.
        func place(_ index: Int, _ image: inout ArenaImage) -> Region {
            let reader = spec.layers[index...].firstIndex { $0 != .relu }
            let around = reader.map(spec.padding(at:)) ?? (before: 0, after: 0)
            let (channels, samples) = (extents[index].channels, extents[index].samples)
            let stride = (around.before + samples + around.after) * channels
            let offset = image.reserve(windows * stride * element, filledWith: padding(index))
            return Region(offset: offset / element + around.before * channels, stride: stride)
        }
        input = place(0, &image)
        if advance != nil { staging = image.reserve(extents[0].count * element) / element }
        var current = input
        var isFused = false
        for (index, layer) in spec.layers.enumerated() where layer != .relu {
            if isFused {
                // The maximum was taken by the product before.
                isFused = false
                continue
            }
            var patches = spec.patches(at: index)
            let before = spec.padding(at: index).before
            let from = Region(offset: current.offset - before * extents[index].channels, stride: current.stride)
            let isLast = index == spec.layers.count - 1
            overlap = overlap?.behind(layer, before: before, rows: patches.rows)
            // The layer whose output this operator yields.
            var end = index
            if fusesPools, let pool = spec.poolOfTwo(behind: index) {
                (isFused, end) = (true, pool)
                (patches.rows, patches.pool) = (2 * extents[end + 1].samples, 2)
                overlap = overlap?.behind(spec.layers[end], before: 0, rows: extents[end + 1].samples)
            }
            let slot = Slot(
                index: index, position: weighted.firstIndex(of: index) ?? 0, patches: patches,
                isDepthwise: layer.isDepthwise, isRectified: !isLast && spec.layers[index + 1] == .relu, isLast: isLast)
            let operation: Operation =
                switch layer {
                case .maxPool, .globalMaxPool: .maximum
                case .averagePool, .globalAveragePool: .average
                case .depthwiseConvolution: .depthwise(constants(slot, &image))
                default: .product(constants(slot, &image))
                }
            current = isLast ? Region(offset: 0, stride: extents[index + 1].count) : place(end + 1, &image)
            steps.append(
                Step(
                    operation: operation, patches: patches, input: from, output: current,
                    outputs: extents[index + 1].channels, shared: overlap?.isUseful == true ? overlap : nil))
        }
    }
}

extension NetworkSpec.Layer {
    fileprivate var isDepthwise: Bool { if case .depthwiseConvolution = self { true } else { false } }
}

extension NetworkSpec {
    /// The maximum pool of size 2 that takes a convolution's output, if that is what does.
    fileprivate func poolOfTwo(behind index: Int) -> Int? {
        guard case .convolution = layers[index],
            let next = layers[(index + 1)...].firstIndex(where: { $0 != .relu }), layers[next] == .maxPool(size: 2)
        else { return nil }
        return next
    }

    /// What the rows of a layer's output read.
    fileprivate func patches(at index: Int) -> Patches {
        let (from, to) = (extents[index], extents[index + 1])
        let channels = from.channels
        func pool(_ size: Int) -> Patches {
            Patches(
                rows: to.samples, rowStride: size * channels, segments: size, segmentStride: channels, length: channels)
        }
        switch layers[index] {
        case .convolution(_, let kernel, let stride, let dilation):
            let isDense = dilation == 1 || kernel == 1
            return Patches(
                rows: to.samples, rowStride: stride * channels, segments: isDense ? 1 : kernel,
                segmentStride: isDense ? 0 : dilation * channels, length: isDense ? kernel * channels : channels)
        case .depthwiseConvolution(let kernel, let stride, let dilation):
            return Patches(
                rows: to.samples, rowStride: stride * channels, segments: kernel, segmentStride: dilation * channels,
                length: channels)
        case .dense: return Patches(rows: 1, rowStride: from.count, length: from.count)
        case .maxPool(let size), .averagePool(let size): return pool(size)
        case .globalMaxPool, .globalAveragePool: return pool(from.samples)
        default: preconditionFailure("a validated network has no such layer")
        }
    }
}
