import Telemetry

/// The scores of one version of a model.
extension Aggregation {
    /// Nothing while a version has decided nothing.
    func accuracy(_ key: VersionKey, basis: Basis, now: Double) -> AccuracyMessage? {
        let parts = (heads[key.model] ?? []).map { VersionKey(model: $0, version: key.version) }
        guard !parts.isEmpty else { return accuracy(of: key, basis: basis, now: now) }
        return accuracy(of: key, heads: parts, basis: basis, now: now)
    }

    /// Of several heads: the first one's decisions and latency, and the scores of all together.
    private func accuracy(
        of key: VersionKey, heads parts: [VersionKey], basis: Basis, now: Double
    ) -> AccuracyMessage? {
        guard let first = parts.first, var message = accuracy(of: first, basis: basis, now: now) else { return nil }
        let tallies = parts.compactMap { join.book[$0.subject] }
        let scores = tallies.map { $0[basis] }
        func total(_ count: (BasisTally) -> Int) -> Int { scores.reduce(0) { $0 + count($1) } }
        message.basis = total(\.scored) > 0 ? basis.said : nil
        message.scored = total(\.scored)
        message.mixed = total(\.mixed)
        message.coverage = Double(message.scored) / Double(max(1, tallies.reduce(0) { $0 + $1.decisions }))
        message.accuracy = ScoreInterval(successes: total(\.correct), trials: total(\.scored))
        message.withCloud = ScoreInterval(successes: total(\.finalCorrect), trials: total(\.finalScored))
        message.macroF1 = nil
        message.calibrationError = nil
        message.perClass = []
        message.confusion = nil
        if message.teacher != nil {
            let trials = total(\.teacherScored)
            message.teacher = TeacherScore(
                scored: trials, accuracy: ScoreInterval(successes: total(\.teacherCorrect), trials: trials),
                student: ScoreInterval(successes: total(\.studentCorrectThere), trials: trials),
                agreement: ScoreInterval(
                    successes: tallies.reduce(0) { $0 + $1.agreements }, trials: tallies.reduce(0) { $0 + $1.verdicts })
            )
        }
        message.joulesPerInference = join.book[key.subject]?.joulesPerInference
        message.joulesPerCorrect = message.joulesPerInference.flatMap { $0.perCorrect(message.accuracy) }
        for (part, score) in zip(parts, parts.map { join.book[$0.subject]?[basis] ?? BasisTally() }) {
            message.heads[Self.parts(join.names[part.model]).head ?? ""] = HeadScore(
                scored: score.scored, accuracy: ScoreInterval(successes: score.correct, trials: score.scored),
                macroF1: score.confusion.macroF1)
        }
        return message
    }

    /// Of one classification or regression.
    private func accuracy(of key: VersionKey, basis: Basis, now: Double) -> AccuracyMessage? {
        guard let tally = join.book[key.subject], tally.decisions > 0 else { return nil }
        let scores = tally[basis]
        let isValue = scores.errors.values > 0
        let accuracy = ScoreInterval(successes: scores.correct, trials: isValue ? 0 : scores.scored)
        let perInference = tally.joulesPerInference
        return AccuracyMessage(
            t: now, from: Double(tally.from) / 1_000_000, to: Double(tally.to) / 1_000_000,
            basis: scores.scored > 0 ? basis.said : nil, decisions: tally.decisions, scored: scores.scored,
            mixed: scores.mixed, coverage: Double(scores.scored) / Double(tally.decisions), accuracy: accuracy,
            withCloud: isValue ? nil : ScoreInterval(successes: scores.finalCorrect, trials: scores.finalScored),
            macroF1: scores.confusion.macroF1, calibrationError: scores.calibration.expectedError,
            errors: scores.errors.errors(unit: join.units[key.model]),
            decidedByCloud: Double(tally.byCloud) / Double(tally.decisions), latency: tally.latency.figures,
            teacher: teacher(tally, scores, unit: join.units[key.model]), joulesPerInference: perInference,
            joulesPerCorrect: perInference.flatMap { $0.perCorrect(accuracy) },
            perClass: perClass(scores), confusion: confusion(scores))
    }

    private func teacher(_ tally: Tally, _ scores: BasisTally, unit: String?) -> TeacherScore? {
        guard tally.verdicts > 0 else { return nil }
        // Values are never just the same.
        guard unit == nil else {
            return TeacherScore(
                scored: scores.teacherScored, accuracy: nil, student: nil, agreement: nil,
                errors: scores.teacherErrors.errors(unit: unit))
        }
        return TeacherScore(
            scored: scores.teacherScored,
            accuracy: ScoreInterval(successes: scores.teacherCorrect, trials: scores.teacherScored),
            student: ScoreInterval(successes: scores.studentCorrectThere, trials: scores.teacherScored),
            agreement: ScoreInterval(successes: tally.agreements, trials: tally.verdicts))
    }

    private func perClass(_ scores: BasisTally) -> [AccuracyMessage.ClassScore] {
        scores.confusion.classes.map { entry in
            AccuracyMessage.ClassScore(
                label: join.names[entry.key], support: entry.value.support, precision: entry.value.precision,
                recall: entry.value.recall, f1: entry.value.f1)
        }.sorted { $0.label < $1.label }
    }

    private func confusion(_ scores: BasisTally) -> ConfusionTable? {
        let cells = scores.confusion.cells.keys.map { $0 } + scores.teacherConfusion.cells.keys
        let labels = Set(cells.flatMap { [$0.truth, $0.decided] }).sorted { join.names[$0] < join.names[$1] }
        guard !labels.isEmpty, labels.count <= ConfusionTable.capacity else { return nil }
        return ConfusionTable(
            labels: labels.map { join.names[$0] }, student: scores.confusion.rows(labels),
            teacher: scores.teacherScored > 0 ? scores.teacherConfusion.rows(labels) : [])
    }
}
