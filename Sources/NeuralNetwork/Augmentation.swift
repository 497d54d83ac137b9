/// Random changes of a raw window that leave its class as it is.
///
/// All groups of axes of a device turn together, as the device does.
public struct Augmentation: Sendable, Equatable {
    /// Channel indices of each vector in space.
    public var axes: [[Int]]
    /// Share of windows turned by 180° about ``turnAxis``: a watch worn on the other wrist or the other way round.
    public var turnShare: Float
    /// 0, 1 or 2 within a group.
    public var turnAxis: Int
    /// Largest angle, in radians, of a small rotation about a random axis.
    public var angle: Float
    /// Deviation of the factor that all values of a window get.
    public var scaling: Float
    /// Deviation of noise on each value, in deviations of its channel.
    public var jitter: Float
    /// Largest change of the local speed, as a share of it, below 1: the window runs faster here and slower there.
    public var timeWarp: Float
    /// Largest share of a window that is cut off at its ends, below 1; what is left is stretched to the old length.
    public var slice: Float
    /// Share of channels that are put to their mean, as an edge does where a sensor fails.
    public var channelDropout: Float

    public init(
        axes: [[Int]] = [], turnShare: Float = 0.3, turnAxis: Int = 2, angle: Float = 0.35, scaling: Float = 0.1,
        jitter: Float = 0.02, timeWarp: Float = 0, slice: Float = 0, channelDropout: Float = 0
    ) {
        self.axes = axes
        self.turnShare = turnShare
        self.turnAxis = turnAxis
        self.angle = angle
        self.scaling = scaling
        self.jitter = jitter
        self.timeWarp = timeWarp
        self.slice = slice
        self.channelDropout = channelDropout
    }

    /// No change at all.
    public static let none = Augmentation(axes: [], turnShare: 0, angle: 0, scaling: 0, jitter: 0)

    /// Writes a changed copy of (samples × channels).
    ///
    /// - Parameters:
    ///   - means: (channels), for lost channels.
    ///   - deviations: (channels), for the jitter.
    package func apply(
        _ raw: UnsafePointer<Float>, samples: Int, channels: Int, means: [Float], deviations: [Float],
        into result: UnsafeMutablePointer<Float>, _ random: inout RandomSource
    ) {
        let count = samples * channels
        if timeWarp > 0 || slice > 0 {
            resample(raw, samples: samples, channels: channels, into: result, &random)
        } else {
            result.update(from: raw, count: count)
        }
        if !axes.isEmpty { rotate(result, samples: samples, channels: channels, &random) }
        if scaling > 0 {
            let factor = 1 + scaling * random.normal()
            for index in 0..<count { result[index] *= factor }
        }
        if jitter > 0 {
            for row in 0..<samples {
                for c in 0..<channels { result[row * channels + c] += jitter * deviations[c] * random.noise() }
            }
        }
        if channelDropout > 0 {
            for c in 0..<channels where random.uniform() < channelDropout {
                for row in 0..<samples { result[row * channels + c] = means[c] }
            }
        }
    }

    /// Reads a slice of the window at a speed that changes, between samples on the straight line.
    ///
    /// - Source: Um et al. 2017, arXiv:1706.00527 (time warping); Le Guennec et al. 2016, AALTD (window slicing).
    private func resample(
        _ raw: UnsafePointer<Float>, samples: Int, channels: Int, into result: UnsafeMutablePointer<Float>,
        _ random: inout RandomSource
    ) {
        let span = Float(samples - 1) * (1 - slice * random.uniform())
        let start = (Float(samples - 1) - span) * random.uniform()
        // The speed is constant in each quarter of the window.
        let speeds = (0..<4).map { _ in 1 + timeWarp * (2 * random.uniform() - 1) }
        let total = speeds.reduce(0, +)
        for row in 0..<samples {
            let time = 4 * Float(row) / Float(max(1, samples - 1))
            let quarter = min(3, Int(time))
            let passed = speeds[..<quarter].reduce(0, +) + speeds[quarter] * (time - Float(quarter))
            let position = min(Float(samples - 1), start + span * passed / total)
            let before = Int(position)
            let after = min(before + 1, samples - 1)
            let share = position - Float(before)
            for c in 0..<channels {
                let x = raw[before * channels + c]
                result[row * channels + c] = x + share * (raw[after * channels + c] - x)
            }
        }
    }

    private func rotate(
        _ values: UnsafeMutablePointer<Float>, samples: Int, channels: Int, _ random: inout RandomSource
    ) {
        var m = Self.rotation(angle: angle, &random)
        if random.uniform() < turnShare {
            // A half turn about an axis negates the other two.
            for row in 0..<3 {
                for column in 0..<3 where column != turnAxis { m[row * 3 + column] = -m[row * 3 + column] }
            }
        }
        for group in axes {
            let (i, j, k) = (group[0], group[1], group[2])
            for row in 0..<samples {
                let at = values + row * channels
                let (x, y, z) = (at[i], at[j], at[k])
                at[i] = m[0] * x + m[1] * y + m[2] * z
                at[j] = m[3] * x + m[4] * y + m[5] * z
                at[k] = m[6] * x + m[7] * y + m[8] * z
            }
        }
    }

    /// A rotation by up to `angle` about a random axis, row-major.
    private static func rotation(angle: Float, _ random: inout RandomSource) -> [Float] {
        var axis = (random.normal(), random.normal(), random.normal())
        let length = (axis.0 * axis.0 + axis.1 * axis.1 + axis.2 * axis.2).squareRoot()
        if length > 1e-6 {
            axis = (axis.0 / length, axis.1 / length, axis.2 / length)
        } else {
            axis = (1, 0, 0)
        }
        let turn = angle * random.uniform()
        return Rotation.matrix(axis: axis, sine: sine(turn), cosine: cosine(turn))
    }
}
