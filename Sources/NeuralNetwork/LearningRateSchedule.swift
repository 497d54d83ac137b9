/// Learning rate over the course of a training.
package struct LearningRateSchedule: Sendable, Equatable {
    package var peak: Float
    /// Share of the steps in which the rate rises; a tenth of the peak stands at its start.
    package var warmUp: Float
    /// Share of the peak that is left at the end.
    package var final: Float

    /// One cycle: a linear rise, then half a cosine down.
    package init(peak: Float, warmUp: Float = 0.15, final: Float = 0.002) {
        self.peak = peak
        self.warmUp = warmUp
        self.final = final
    }

    /// - Parameter progress: share of the steps done, 0...1.
    package func rate(at progress: Float) -> Float {
        if progress < warmUp { return peak * (0.1 + 0.9 * progress / warmUp) }
        let share = min(1, (progress - warmUp) / (1 - warmUp))
        return peak * (final + (1 - final) * 0.5 * (1 + cosine(.pi * share)))
    }
}
