import ModelArtifact
import TensorKernels

/// A student laid out for execution: steps over offsets into one arena.
///
/// Every activation has a region of its own, with the padding that the convolution after it reads around it; so padding
/// is written once, when the arena is made.
struct InferencePlan {
    /// One operator; offsets are in bytes from the arena's start.
    enum Step {
        /// Overlapping rows times weights into the accumulators, then requantised to `output`.
        case product(Product, output: Int)
        /// The last layer: its accumulators are the logits.
        case logits(Product)
        case maxPool(input: Int, output: Int, samples: Int, size: Int, channels: Int)
        case averagePool(input: Int, output: Int, samples: Int, size: Int, channels: Int)
    }

    /// A convolution or dense layer.
    struct Product {
        let matrix: Int8Matrix
        /// With the zero point of the input taken off.
        let bias: [Int32]
        let multiplier: [Int32]
        let shift: [UInt8]
        /// Where the first row begins, in the padding before the first sample if there is any.
        let input: Int
        let rows: Int
        let rowStride: Int
    }

    /// A run of padding and the zero point that fills it.
    struct Padding {
        let offset: Int
        let count: Int
        let value: UInt8
    }

    private(set) var steps: [Step] = []
    private(set) var padding: [Padding] = []
    /// Where the quantised window goes.
    private(set) var input = 0
    /// Bytes of all activations.
    private(set) var activationBytes = 0
    /// Elements of the largest accumulator matrix.
    private(set) var accumulators = 0

    /// - Precondition: the student validates.
    init(_ student: Student) {
        let spec = student.spec
        let extents = spec.extents
        var layers = student.layers.makeIterator()
        var zeroPoint: UInt8 = 128
        var current = place(extents[0], before: spec.layers[...], zeroPoint: zeroPoint)
        input = current
        for (index, layer) in spec.layers.enumerated() {
            let (from, to) = (extents[index], extents[index + 1])
            let rest = spec.layers[(index + 1)...]
            switch layer {
            case .convolution(_, let kernel, let stride, _):
                let before = NetworkSpec.padding(samples: from.samples, kernel: kernel, stride: stride).before
                let product = product(
                    layers.next(), input: current - before * from.channels, rows: to.samples,
                    rowStride: stride * from.channels, zeroPoint: zeroPoint)
                zeroPoint = 0
                current = place(to, before: rest, zeroPoint: zeroPoint)
                steps.append(.product(product, output: current))
            case .dense:
                let product = product(
                    layers.next(), input: current, rows: 1, rowStride: from.count, zeroPoint: zeroPoint)
                if rest.isEmpty {
                    steps.append(.logits(product))
                } else {
                    zeroPoint = 0
                    current = place(to, before: rest, zeroPoint: zeroPoint)
                    steps.append(.product(product, output: current))
                }
            case .maxPool(let size):
                let output = place(to, before: rest, zeroPoint: zeroPoint)
                steps.append(
                    .maxPool(input: current, output: output, samples: to.samples, size: size, channels: to.channels))
                current = output
            case .averagePool, .globalAveragePool:
                let output = place(to, before: rest, zeroPoint: zeroPoint)
                let size = if case .averagePool(let size) = layer { size } else { from.samples }
                steps.append(
                    .averagePool(input: current, output: output, samples: to.samples, size: size, channels: to.channels)
                )
                current = output
            case .relu: break  // the clamp of the requantisation before it
            case .batchNorm, .dropout, .depthwiseConvolution, .convolution2D, .spectrogram, .relu6, .gelu, .sigmoid,
                .tanh, .softmax, .maxPool2D, .averagePool2D, .globalMaxPool, .gru, .residual:
                preconditionFailure("a validated student has no such layer")
            }
        }
    }

    /// Gives an activation its region, and returns where its first sample stands.
    private mutating func place(
        _ extent: NetworkSpec.Extent, before layers: ArraySlice<NetworkSpec.Layer>, zeroPoint: UInt8
    ) -> Int {
        // What reads this region is the next layer that does something here; a ReLU was done on the way in.
        var around = (before: 0, after: 0)
        if case .convolution(_, let kernel, let stride, _) = layers.first(where: { $0 != .relu }) {
            around = NetworkSpec.padding(samples: extent.samples, kernel: kernel, stride: stride)
        }
        let start = activationBytes + around.before * extent.channels
        let end = start + extent.count
        if around.before > 0 {
            padding.append(Padding(offset: activationBytes, count: around.before * extent.channels, value: zeroPoint))
        }
        if around.after > 0 {
            padding.append(Padding(offset: end, count: around.after * extent.channels, value: zeroPoint))
        }
        // Regions begin at cache lines.
        activationBytes = (end + around.after * extent.channels + 63) & ~63
        return start
    }

    private mutating func product(
        _ layer: Student.QuantisedLayer?, input: Int, rows: Int, rowStride: Int, zeroPoint: UInt8
    ) -> Product {
        guard let layer else { preconditionFailure("a validated student has a quantised layer for each in its spec") }
        let outputs = layer.bias.count
        let depth = layer.weight.count / outputs
        accumulators = max(accumulators, rows * outputs)
        let bias = (0..<outputs).map { output in
            let sum = layer.weight[output * depth..<(output + 1) * depth].reduce(Int32(0)) { $0 + Int32($1) }
            return layer.bias[output] - Int32(zeroPoint) * sum
        }
        return Product(
            matrix: Int8Matrix(weights: layer.weight, outputs: outputs, depth: depth), bias: bias,
            multiplier: layer.multiplier, shift: layer.shift, input: input, rows: rows, rowStride: rowStride)
    }
}
