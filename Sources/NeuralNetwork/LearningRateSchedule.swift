/// Learning rate over the course of a training.
public struct LearningRateSchedule: Sendable, Equatable {
    /// How the rate falls (and, in one cycle, rises).
    public enum Course: Sendable, Equatable {
        case constant
        /// Multiplied by `factor` at the end of each `every` share of the training.
        case step(every: Float = 0.3, factor: Float = 0.1)
        /// Half a cosine down to the share `final` of the peak.
        case cosine(final: Float = 0.002)
        /// Half a cosine up from the peak's 25th part in the first three tenths, then one down to nearly nothing; it warms
        /// up by itself.
        ///
        /// - Source: Smith & Topin 2019, arXiv:1708.07120, in PyTorch's form.
        case oneCycle
    }

    /// The highest rate.
    public var peak: Float
    public var course: Course
    /// Share of the steps in which the rate first rises in a line from a tenth of the peak; not used by one cycle.
    public var warmUp: Float

    /// - Precondition: warm-up within 0..<1.
    public init(peak: Float, course: Course = .cosine(), warmUp: Float = 0.15) {
        precondition((0..<1).contains(warmUp), "warm-up takes a share of the training")
        self.peak = peak
        self.course = course
        self.warmUp = warmUp
    }

    /// - Parameter progress: share of the steps done, 0...1.
    public func rate(at progress: Float) -> Float {
        if course == .oneCycle { return peak * Self.oneCycle(progress) }
        if progress < warmUp { return peak * (0.1 + 0.9 * progress / warmUp) }
        let share = min(1, (progress - warmUp) / (1 - warmUp))
        switch course {
        case .constant, .oneCycle: return peak
        case .step(let every, let factor):
            // A share that is a step's end but for rounding counts as one.
            let steps = (share / every + 1e-4).rounded(.down)
            return (0..<Int(steps)).reduce(peak) { rate, _ in rate * factor }
        case .cosine(let final): return peak * Self.between(1, final, share)
        }
    }

    private static func oneCycle(_ progress: Float) -> Float {
        let (rise, start, end): (Float, Float, Float) = (0.3, 1 / 25, 1 / 25e4)
        return progress < rise
            ? between(start, 1, progress / rise) : between(1, end, min(1, (progress - rise) / (1 - rise)))
    }

    /// From `a` to `b` along half a cosine.
    private static func between(_ a: Float, _ b: Float, _ share: Float) -> Float {
        b + (a - b) * 0.5 * (1 + cosine(.pi * share))
    }
}
