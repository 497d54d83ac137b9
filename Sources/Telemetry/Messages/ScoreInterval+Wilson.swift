extension ScoreInterval {
    /// The 95 % Wilson score interval of `successes` among `trials`; nothing without trials.
    ///
    /// - Domain: 0 ≤ successes ≤ trials.
    /// - Source: Wilson 1927, JASA 22(158), 209–212.
    package init?(successes: Int, trials: Int) {
        guard trials > 0 else { return nil }
        let z = 1.959_963_984_540_054
        let n = Double(trials)
        let share = Double(successes) / n
        let denominator = 1 + z * z / n
        let centre = (share + z * z / (2 * n)) / denominator
        let half = z / denominator * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        // Rounding leaves ends of 1e-17 beyond the bounds where all or none succeed.
        self.init(
            value: share, low: min(share, max(0, centre - half)), high: max(share, min(1, centre + half)))
    }
}
