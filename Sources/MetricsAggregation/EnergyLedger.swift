import Telemetry

/// Splits what edges say they used since boot among the versions that decided meanwhile.
///
/// An edge's counters are cumulative, so a lost message costs nothing and a repeated one adds nothing. Where several
/// versions decided between two messages, the difference is split by their decisions, and is apportioned at best.
struct EnergyLedger: Sendable {
    /// What an edge said last.
    struct Edge: Sendable, Equatable {
        var boot: String
        var t: Double
        var inferences: Int
        var joules: [String: JouleCount]
        /// Of all its boots, as far as seen.
        var total: [String: JouleCount]
    }

    /// What one version's decisions used.
    struct Account: Sendable, Equatable {
        var inferences = 0.0
        var joules: [String: JouleCount] = [:]
    }

    /// Causes that hold others: the whole board is no part of a sum.
    static let wholes: Set<String> = ["host"]

    var edges: [EdgeID: Edge] = [:]
    var accounts: [VersionKey: Account] = [:]
    /// Decisions by edge since its last message.
    private var decided: [EdgeID: [VersionKey: Int]] = [:]
    var changedEdges: Set<EdgeID> = []
    /// Accounts to be stored, and to be published.
    var changedAccounts: Set<VersionKey> = []
    var changedForPublication: Set<VersionKey> = []
    let capacity: Int

    init(capacity: Int = 10_000) { self.capacity = capacity }

    mutating func decided(_ edge: EdgeID, _ version: VersionKey) {
        guard decided[edge] != nil || decided.count < capacity else { return }
        decided[edge, default: [:]][version, default: 0] += 1
    }

    /// - Throws: ``JoinRefusal`` `range`, `limit`.
    mutating func take(_ message: EnergyMessage, edge id: EdgeID) throws(JoinRefusal) {
        guard message.joules.count <= 32, message.inferences >= 0, message.inferences <= 1 << 53,
            message.joules.values.allSatisfy({ figure in
                [figure.value, figure.low, figure.high].allSatisfy { $0 >= 0 && $0 <= 1e15 }
            })
        else { throw JoinRefusal(code: "range", reason: "joules, inferences: beyond what can be") }
        guard edges[id] != nil || edges.count < capacity else {
            throw JoinRefusal(code: "limit", reason: "more than \(capacity) edges")
        }
        let joules = message.joules.mapValues {
            JouleCount(value: $0.value, low: $0.low, high: $0.high, method: $0.method)
        }
        guard let known = edges[id] else {
            // What it used before we listened is nobody's; the next difference can be attributed.
            edges[id] = Edge(
                boot: message.boot, t: message.t, inferences: message.inferences, joules: joules, total: joules)
            decided[id] = nil
            changedEdges.insert(id)
            return
        }
        let isSameBoot = known.boot == message.boot
        guard !isSameBoot || message.t > known.t else { return }
        // A counter that went back began anew, whatever the boot id says.
        let restarted = !isSameBoot || message.inferences < known.inferences
        var used: [String: JouleCount] = [:]
        for (cause, now) in joules {
            let before = restarted ? JouleCount() : known.joules[cause] ?? JouleCount()
            let isCounterBack = now.value < before.value
            used[cause] = JouleCount(
                value: isCounterBack ? now.value : now.value - before.value,
                low: isCounterBack ? now.low : max(0, now.low - before.low),
                high: isCounterBack ? now.high : max(0, now.high - before.high), method: now.method)
        }
        attribute(used, inferences: message.inferences - (restarted ? 0 : known.inferences), to: id)
        var total = known.total
        for (cause, count) in used { total[cause, default: JouleCount()].add(count) }
        edges[id] = Edge(
            boot: message.boot, t: message.t, inferences: message.inferences, joules: joules, total: total)
        changedEdges.insert(id)
    }

    private mutating func attribute(_ used: [String: JouleCount], inferences: Int, to id: EdgeID) {
        let shares = decided.removeValue(forKey: id) ?? [:]
        let sum = shares.values.reduce(0, +)
        guard sum > 0, inferences > 0 else { return }
        for (version, count) in shares {
            let share = Double(count) / Double(sum)
            var account = accounts[version] ?? Account()
            account.inferences += Double(inferences) * share
            for (cause, joules) in used {
                var part = joules
                if shares.count > 1 { part.method = max(part.method, .apportioned) }
                account.joules[cause, default: JouleCount()].add(part, share: share)
            }
            accounts[version] = account
            changedAccounts.insert(version)
            changedForPublication.insert(version)
        }
    }

    /// Joules for one inference of a version, all causes but wholes added up; nothing before any were attributed.
    func perInference(_ version: VersionKey) -> JoulesFigure? {
        guard let account = accounts[version], account.inferences > 0 else { return nil }
        let parts = account.joules.filter { !Self.wholes.contains($0.key) && $0.value.high > 0 }
        guard !parts.isEmpty else { return nil }
        var sum = JouleCount()
        for part in parts.sorted(by: { $0.key < $1.key }) { sum.add(part.value) }
        return JoulesFigure(
            value: sum.value / account.inferences, low: sum.low / account.inferences,
            high: sum.high / account.inferences, method: sum.method, includes: parts.keys.sorted(),
            compute: account.joules["compute"].map { $0.value / account.inferences })
    }

    /// Of all edges, by cause.
    var totals: [String: JoulesFigure] {
        var sums: [String: JouleCount] = [:]
        for edge in edges.sorted(by: { $0.key < $1.key }).map(\.value) {
            for (cause, count) in edge.total { sums[cause, default: JouleCount()].add(count) }
        }
        return sums.reduce(into: [:]) { totals, entry in
            let sum = entry.value
            totals[entry.key] = JoulesFigure(
                value: sum.value, low: sum.low, high: sum.high, method: sum.method, includes: [entry.key])
        }
    }
}
