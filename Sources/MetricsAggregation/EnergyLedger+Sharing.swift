import Telemetry

extension EnergyLedger.Use {
    /// The share that a part of the decisions has in the joules, where several had a part apportioned at best.
    private func tally(_ decisions: Int, isWhole: Bool) -> Tally {
        let share = Double(decisions) / Double(max(1, self.decisions.values.reduce(0, +)))
        var tally = Tally()
        tally.metered = Double(inferences) * share
        for (cause, count) in joules {
            var part = count
            if !isWhole { part.method = max(part.method, .apportioned) }
            tally.joules[cause, default: JouleCount()].add(part, share: share)
        }
        return tally
    }

    /// All of it.
    var whole: Tally {
        var tally = Tally()
        tally.metered = Double(inferences)
        tally.joules = joules
        return tally
    }

    /// Split by the versions' decisions; nothing where no inference was made.
    var byVersion: [VersionKey: Tally] {
        guard inferences > 0 else { return [:] }
        let sums = Dictionary(decisions.map { ($0.key.version, $0.value) }, uniquingKeysWith: +)
        return sums.mapValues { tally($0, isWhole: sums.count == 1) }
    }

    /// Split by the devices' decisions, for each model by its number.
    var byDevice: [(device: Int32, model: Int32, tally: Tally)] {
        guard inferences > 0 else { return [] }
        return decisions.map { decider, count in
            (decider.device, decider.version.model, tally(count, isWhole: decisions.count == 1))
        }
    }
}

extension Tally {
    /// Joules for one inference, all causes but wholes added up; nothing before any were attributed.
    var joulesPerInference: JoulesFigure? {
        guard metered > 0 else { return nil }
        let parts = joules.filter { !EnergyLedger.wholes.contains($0.key) && $0.value.high > 0 }
        guard !parts.isEmpty else { return nil }
        var sum = JouleCount()
        for part in parts.sorted(by: { $0.key < $1.key }) { sum.add(part.value) }
        return JoulesFigure(
            value: sum.value / metered, low: sum.low / metered, high: sum.high / metered, method: sum.method,
            includes: parts.keys.sorted(), compute: joules["compute"].map { $0.value / metered })
    }

    /// By cause.
    var joulesFigures: [String: JoulesFigure] {
        joules.reduce(into: [:]) { figures, entry in
            figures[entry.key] = JoulesFigure(
                value: entry.value.value, low: entry.value.low, high: entry.value.high, method: entry.value.method,
                includes: [entry.key])
        }
    }
}
