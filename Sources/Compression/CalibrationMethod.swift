/// How the step of a grid is chosen from the values that are to lie on it.
public enum CalibrationMethod: Sendable, Equatable {
    /// The largest value is the grid's end.
    case minMax
    /// So many values of a hundred lie within the grid; the others are clipped.
    case percentile(Double)
    /// The least squared error of rounding and clipping together.
    case meanSquare

    /// - Parameters:
    ///   - values: finite.
    ///   - steps: whole steps to the grid's end.
    /// - Returns: one step, above 0 also where all values are 0.
    func scale(of values: [Float], steps: Float) -> Float {
        let largest = values.reduce(0) { max($0, abs($1)) }
        guard largest > 0 else { return 1 / steps }
        switch self {
        case .minMax: return largest / steps
        case .percentile(let percent):
            let sorted = values.lazy.map(abs).sorted()
            let place = Int((Double(sorted.count - 1) * percent / 100).rounded(.up))
            let end = sorted[min(max(place, 0), sorted.count - 1)]
            return (end > 0 ? end : largest) / steps
        case .meanSquare: return Self.leastError(values, largest, steps: steps)
        }
    }

    /// Clipping a few large values is often cheaper than a coarse grid for all.
    private static func leastError(_ values: [Float], _ largest: Float, steps: Float) -> Float {
        // Enough values to tell errors apart; all of them where there are few.
        let every = max(1, values.count / 50_000)
        let sample = stride(from: 0, to: values.count, by: every).map { values[$0] }
        var best = (error: Float.infinity, scale: largest / steps)
        for step in 0..<40 {
            let scale = largest * (1 - 0.02 * Float(step)) / steps
            let error = squaredError(sample, scale: scale, steps: steps)
            if error < best.error { best = (error, scale) }
        }
        return best.scale
    }

    /// Sum of squares of what rounding and clipping change.
    static func squaredError(_ values: some Collection<Float>, scale: Float, steps: Float) -> Float {
        let inverse = 1 / scale
        var error: Float = 0
        for value in values {
            let whole = value * inverse
            let clamped = whole > -steps ? (whole < steps ? whole : steps) : -steps
            let difference = value - (clamped + 12_582_912 - 12_582_912) * scale
            error += difference * difference
        }
        return error
    }
}
