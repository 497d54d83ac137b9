import JSON
public import Telemetry

/// Questions about the fleet over time, answered from the roll-ups.
public struct FleetQueries: Sendable {
    let live: LiveAggregation
    let store: AggregateStore

    /// One subject's figures for each interval of a time.
    ///
    /// - Parameters:
    ///   - model: nothing for all models together, of which windows, joules and bytes are known.
    ///   - from: Unix seconds of the wall clock, rounded down to a whole interval.
    /// - Returns: no points where nothing is known of the subject.
    /// - Throws: `StorageError`.
    public func history(
        of subject: FleetSubject, model: String?, resolution: FleetHistory.Resolution, from: Double, to: Double
    ) async throws -> FleetHistory {
        let plan = live.withLock { $0.plan(subject, model: model) }
        let rows = try await store.rollUps(resolution, of: plan?.numbers ?? [], from: from, to: to)
        var points: [FleetHistory.Point] = []
        if let plan {
            var tallies: [Int: [Int32: Tally]] = [:]
            for (number, entries) in rows {
                for entry in entries { tallies[entry.start, default: [:]][number] = entry.tally }
            }
            points = tallies.sorted { $0.key < $1.key }.map { start, tallies in
                FleetHistory.Point(t: Double(start), card: plan.card(tallies))
            }.filter { $0.card != Scorecard() }
        }
        return FleetHistory(
            t: to, subject: subject, model: model, resolution: resolution, from: from, to: to, points: points)
    }

    /// Every device's figures within a time, for each model.
    ///
    /// - Throws: `StorageError`.
    public func devices(
        resolution: FleetHistory.Resolution, from: Double, to: Double
    ) async throws -> [DeviceFigures] {
        let plans = live.withLock { $0.devicePlans() }
        let sums = try await store.sums(resolution, of: plans.flatMap { $0.plan.numbers }, from: from, to: to)
        return plans.compactMap { entry in
            let card = entry.plan.card(sums)
            return card == Scorecard() ? nil : DeviceFigures(device: entry.device, model: entry.model, card: card)
        }
    }

    /// The last updates of edges, newest first.
    ///
    /// - Throws: `StorageError`.
    public func updates(model: String?, limit: Int) async throws -> [FleetUpdate] {
        try await store.updates(model: model, limit: max(0, min(limit, 1000)))
    }

    /// When each version of a model decided, in order.
    ///
    /// - Throws: `StorageError`.
    public func versions(of model: String) async throws -> [VersionSpan] {
        let versions = live.withLock { $0.versionNumbers(of: model) }
        var spans: [VersionSpan] = []
        for entry in versions {
            guard let hours = try await store.hours(of: entry.number) else { continue }
            spans.append(
                VersionSpan(
                    model: model, version: entry.version, from: Double(hours.first), to: Double(hours.last) + 3600,
                    windows: entry.windows))
        }
        return spans
    }
}

/// Which counts make up a subject's figures.
struct FigurePlan: Sendable {
    /// Of one model: its own, or its heads'. Of all models: those whose decisions count.
    var parts: [Int32]
    /// Those that hold the joules and bytes.
    var use: Int32?
    /// Nothing for all models together.
    var basis: Basis?
    var isLenient = false
    var unit: String?

    var numbers: [Int32] { Array(Set(parts + (use.map { [$0] } ?? []))) }

    func card(_ tallies: [Int32: Tally]) -> Scorecard {
        let known = parts.map { tallies[$0] ?? Tally() }
        let use = use.flatMap { tallies[$0] } ?? Tally()
        guard let basis else {
            var card = Scorecard(use: use)
            card.windows = known.reduce(0) { $0 + $1.decisions }
            return card
        }
        let falls = isLenient && known.allSatisfy { $0.truth.scored == 0 }
        return Scorecard(parts: known, use: use, basis: falls ? .label : basis, unit: unit)
    }
}

extension Aggregation {
    func plan(_ subject: FleetSubject, model: String?) -> FigurePlan? {
        let kind: Subject.Kind
        let name: Int32?
        switch subject {
        case .fleet: (kind, name) = (.fleet, 0)
        case .site(let site): (kind, name) = (.site, join.names.known(site))
        case .edge(let edge): (kind, name) = (.edge, join.names.known(edge.description))
        case .device(let device): (kind, name) = (.device, join.names.known(device.description))
        case .version(let version): (kind, name) = (.version, Int32(exactly: version))
        }
        guard let name else { return nil }
        func number(_ model: Int32) -> Int32? { join.book.known(Subject(kind: kind, name: name, model: model)) }
        guard let model else {
            return FigurePlan(
                parts: models.compactMap { number(counted($0)) }, use: number(Subject.allModels))
        }
        guard let whole = join.names.known(model) else { return nil }
        return plan(kind, name, whole, bases)
    }

    private func plan(_ kind: Subject.Kind, _ name: Int32, _ model: Int32, _ bases: [Int32: Basis]) -> FigurePlan {
        func number(_ model: Int32) -> Int32? { join.book.known(Subject(kind: kind, name: name, model: model)) }
        return FigurePlan(
            parts: (heads[model] ?? [model]).compactMap(number), use: number(model), basis: basis(model, bases),
            isLenient: kind == .device, unit: join.units[model])
    }

    func devicePlans() -> [(device: DeviceID, model: String, plan: FigurePlan)] {
        let bases = bases
        return join.series.compactMap { series in
            guard isCounted(series.key.model), let device = device(named: series.key.device),
                !fleet.forgotten.contains(device)
            else { return nil }
            let whole = wholes[series.key.model] ?? series.key.model
            return (device, join.names[whole], plan(.device, series.key.device, whole, bases))
        }
    }

    func versionNumbers(of model: String) -> [(version: Int, number: Int32, windows: Int)] {
        guard let whole = join.names.known(model) else { return [] }
        return join.versions.filter { $0.model == counted(whole) }.sorted { $0.version < $1.version }.compactMap {
            key in
            join.book.known(key.subject).map {
                (Int(key.version), $0, join.book[key.subject]?.decisions ?? 0)
            }
        }
    }
}
