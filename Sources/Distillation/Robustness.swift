public import ModelArtifact
public import NeuralNetwork

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How well a network does where sensors are noisy, mounted askew or silent.
public struct Robustness: Sendable {
    /// A way in which windows get worse.
    public enum Condition: Sendable, Equatable {
        /// As they were recorded.
        case clean
        /// Noise on every value, in deviations of its channel.
        case noise(Float)
        /// Every window turned by so many degrees about a random axis of its own, all groups of axes alike.
        case rotation(Float)
        /// A channel that says nothing but its mean in training, as a task's `mean` policy fills it in.
        case lostChannel(Int)
    }

    /// What a network scores under a condition.
    public struct Row: Sendable, Equatable {
        public var condition: Condition
        /// As the measure gives it; the mean over windows.
        public var score: Double
        public init(condition: Condition, score: Double) {
            self.condition = condition
            self.score = score
        }
    }

    /// Channel indices of each vector in space.
    public var axes: [[Int]]
    /// Of training: the scale of noise, and what stands in for a lost channel.
    public var normalisation: Student.Normalisation
    public var seed: UInt64

    public init(axes: [[Int]], normalisation: Student.Normalisation, seed: UInt64) {
        self.axes = axes
        self.normalisation = normalisation
        self.seed = seed
    }

    /// Noise of rising strength, rotations where there are axes, and the loss of each channel where there are several.
    public var conditions: [Condition] {
        let channels = normalisation.mean.count
        var result: [Condition] = [.clean] + [0.1, 0.2, 0.5, 1].map { .noise($0) }
        if !axes.isEmpty { result += [15, 30, 60, 180].map { .rotation($0) } }
        if channels > 1 { result += (0..<channels).map { .lostChannel($0) } }
        return result
    }

    /// Scores a network under each of the conditions.
    ///
    /// - Parameters:
    ///   - logits: of windows, as the deployed network gives them.
    ///   - measure: of such logits, higher for the better.
    public func rows(
        _ windows: LabelledWindows, measure: ([Float], LabelledWindows) -> Double,
        logits: (LabelledWindows) throws -> [Float]
    ) throws -> [Row] {
        try conditions.map { condition in
            let changed = try degraded(windows, condition)
            return Row(condition: condition, score: measure(try logits(changed), windows))
        }
    }

    /// The windows under a condition; the same for the same seed.
    ///
    /// - Throws: `NetworkError` if a value leaves the finite numbers.
    public func degraded(
        _ windows: LabelledWindows, _ condition: Condition
    ) throws(NetworkError) -> LabelledWindows {
        precondition(windows.channels == normalisation.mean.count, "windows of the normalisation's channels")
        var values = windows.values
        for window in 0..<windows.count {
            let range = window * windows.windowSize..<(window + 1) * windows.windowSize
            switch condition {
            case .clean: return windows
            case .noise(let share):
                var random = RandomSource(seed: seed, window, 1)
                for index in range {
                    let deviation = normalisation.standardDeviation[index % windows.channels]
                    values[index] += share * deviation * random.normal()
                }
            case .rotation(let degrees):
                var random = RandomSource(seed: seed, window, 2)
                let turn = Self.rotation(degrees: degrees, &random)
                for row in stride(from: range.lowerBound, to: range.upperBound, by: windows.channels) {
                    for group in axes { Self.turn(&values, row, group, turn) }
                }
            case .lostChannel(let channel):
                for index in stride(from: range.lowerBound + channel, to: range.upperBound, by: windows.channels) {
                    values[index] = normalisation.mean[channel]
                }
            }
        }
        return try windows.replacing(values: values)
    }

    private static func turn(_ values: inout [Float], _ row: Int, _ group: [Int], _ m: [Float]) {
        let (i, j, k) = (row + group[0], row + group[1], row + group[2])
        let (x, y, z) = (values[i], values[j], values[k])
        values[i] = m[0] * x + m[1] * y + m[2] * z
        values[j] = m[3] * x + m[4] * y + m[5] * z
        values[k] = m[6] * x + m[7] * y + m[8] * z
    }

    /// A rotation about a random axis, row-major.
    private static func rotation(degrees: Float, _ random: inout RandomSource) -> [Float] {
        var axis: [Float] = [0, 0, 0]
        var length: Float = 0
        while length < 1e-3 {
            axis = [random.normal(), random.normal(), random.normal()]
            length = (axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]).squareRoot()
        }
        let angle = Double(degrees) * .pi / 180
        return Rotation.matrix(
            axis: (axis[0] / length, axis[1] / length, axis[2] / length), sine: Float(sin(angle)),
            cosine: Float(cos(angle)))
    }
}

extension LabelledWindows {
    /// The same windows with other values.
    fileprivate func replacing(values: [Float]) throws(NetworkError) -> LabelledWindows {
        try LabelledWindows(
            samples: samples, channels: channels, values: values, targets: targets, heads: heads, groups: groups)
    }
}
