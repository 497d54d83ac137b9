import TensorKernels

/// Batch normalisation over windows and samples, with the ReLU that follows it.
///
/// - Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1.
final class BatchNormOperator: Operator {
    static let epsilon: Float = 1e-5

    private let input: Signal
    private let output: Signal
    private let relu: Bool
    private let scaleOffset: Int
    private let shiftOffset: Int
    private let meanOffset: Int
    private let varianceOffset: Int
    private let mean: FloatBuffer
    /// 1 / √(variance + ε).
    private let inverse: FloatBuffer
    private let work: [FloatBuffer]

    init(input: Signal, output: Signal, relu: Bool, scale: Int, shift: Int, mean: Int, variance: Int) {
        self.input = input
        self.output = output
        self.relu = relu
        scaleOffset = scale
        shiftOffset = shift
        meanOffset = mean
        varianceOffset = variance
        let channels = input.values.channels
        self.mean = FloatBuffer(count: channels)
        inverse = FloatBuffer(count: channels)
        work = (0..<5).map { _ in FloatBuffer(count: channels) }
    }

    func forward(_ context: PassContext) {
        let channels = input.values.channels
        let rows = input.values.rows(context.count)
        var moments = (context.statistics + meanOffset, context.statistics + varianceOffset)
        if context.training {
            let mean = context.batchStatistics + meanOffset
            let variance = context.batchStatistics + varianceOffset
            context.kernels.moments(rows, channels: channels, mean: mean, variance: variance)
            moments = (UnsafePointer(mean), UnsafePointer(variance))
        }
        let scale = work[0].pointer
        let shift = work[1].pointer
        for c in 0..<channels {
            mean.pointer[c] = moments.0[c]
            inverse.pointer[c] = 1 / (moments.1[c] + Self.epsilon).squareRoot()
            scale[c] = context.parameters[scaleOffset + c] * inverse.pointer[c]
            shift[c] = context.parameters[shiftOffset + c] - moments.0[c] * scale[c]
        }
        context.kernels.scaleShift(
            rows, channels: channels, scale: scale, shift: shift, relu: relu, into: output.values.rows(context.count))
    }

    /// The gradient of a training pass: the batch's moments depend on the input too.
    func backward(_ context: PassContext) {
        guard let gradient = output.gradient else { return }
        let channels = input.values.channels
        let x = input.values.rows(context.count)
        let g = gradient.rows(context.count)
        let y = output.values.rows(context.count)
        let sum = work[0].pointer
        let product = work[1].pointer
        context.kernels.normSums(
            gradient: g, x, output: y, relu: relu, channels: channels, mean: mean.pointer, sum: sum, product: product)
        let scale = work[2].pointer
        let slope = work[3].pointer
        let shift = work[4].pointer
        let share = 1 / Float(x.count)
        for c in 0..<channels {
            let inverse = inverse.pointer[c]
            context.gradients[shiftOffset + c] += sum[c]
            context.gradients[scaleOffset + c] += product[c] * inverse
            scale[c] = context.parameters[scaleOffset + c] * inverse
            slope[c] = -scale[c] * inverse * inverse * product[c] * share
            shift[c] = -scale[c] * sum[c] * share
        }
        guard let target = input.gradient else { return }
        context.kernels.normBack(
            gradient: g, x, output: y, relu: relu, channels: channels, mean: mean.pointer, scale: scale, slope: slope,
            shift: shift, into: target.rows(context.count))
    }
}
