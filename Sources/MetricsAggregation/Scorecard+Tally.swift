import Telemetry

extension Scorecard {
    /// The figures of counts.
    ///
    /// - Parameters:
    ///   - parts: counts of one model, or of each of its heads, of which the first one's decisions are counted.
    ///   - use: counts that hold the joules and bytes.
    ///   - unit: of a regression.
    init(parts: [Tally], use: Tally, basis: Basis, unit: String? = nil) {
        self.init(use: use)
        guard let first = parts.first, first.decisions > 0 else { return }
        let scores = parts.map { $0[basis] }
        func total(_ count: (BasisTally) -> Int) -> Int { scores.reduce(0) { $0 + count($1) } }
        windows = first.decisions
        scored = total(\.scored)
        mixed = total(\.mixed)
        self.basis = scored > 0 ? basis.said : nil
        decidedByCloud = max(0, min(1, Double(first.byCloud) / Double(first.decisions)))
        latency = first.latency.figures
        errors = parts.count == 1 ? scores[0].errors.errors(unit: unit) : nil
        guard errors == nil, unit == nil else { return }
        accuracy = ScoreInterval(successes: total(\.correct), trials: scored)
        withCloud = ScoreInterval(successes: total(\.finalCorrect), trials: total(\.finalScored))
        if parts.count == 1 {
            macroF1 = scores[0].confusion.macroF1
            calibrationError = scores[0].calibration.expectedError
        }
        agreement = ScoreInterval(
            successes: parts.reduce(0) { $0 + $1.agreements }, trials: parts.reduce(0) { $0 + $1.verdicts })
        teacher = ScoreInterval(successes: total(\.teacherCorrect), trials: total(\.teacherScored))
        joulesPerCorrect = joulesPerInference.flatMap { $0.perCorrect(accuracy) }
    }

    /// Joules and bytes alone.
    init(use: Tally) {
        self.init(
            joulesPerInference: use.joulesPerInference, joules: use.joulesFigures,
            bytes: use.bytes.filter { $0.value > 0 })
    }
}

extension JoulesFigure {
    /// What a right decision costs: the joules of an inference over the share that is right, bounds with bounds.
    func perCorrect(_ accuracy: ScoreInterval?) -> JoulesFigure? {
        guard let accuracy, accuracy.value > 0, accuracy.low > 0 else { return nil }
        return JoulesFigure(
            value: value / accuracy.value, low: low / accuracy.high, high: high / accuracy.low, method: method,
            includes: includes, compute: compute.map { $0 / accuracy.value })
    }
}

extension Basis {
    var said: AccuracyMessage.Basis { self == .truth ? .truth : .label }
}

extension LatencyHistogram {
    var figures: AccuracyMessage.Latency? {
        percentiles([0.5, 0.95, 0.99]).map { AccuracyMessage.Latency(median: $0[0], p95: $0[1], p99: $0[2]) }
    }
}
