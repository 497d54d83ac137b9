import Telemetry

/// Turns what edges say they used since boot into what was used between two messages, and by whose decisions.
///
/// An edge's counters are cumulative, so a lost message costs nothing and a repeated one adds nothing.
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

    /// Who decided between two messages of an edge.
    struct Decider: Sendable, Hashable {
        var version: VersionKey
        /// Name of the device.
        var device: Int32
    }

    /// What an edge used between two of its messages, and who decided meanwhile.
    struct Use: Sendable, Equatable {
        var inferences: Int
        var joules: [String: JouleCount]
        /// Decisions by decider; empty where none was seen.
        var decisions: [Decider: Int]
    }

    /// Causes that hold others: the whole board is no part of a sum.
    static let wholes: Set<String> = ["host"]

    var edges: [EdgeID: Edge] = [:]
    /// Decisions by edge since its last message.
    private var decided: [EdgeID: [Decider: Int]] = [:]
    var changedEdges: Set<EdgeID> = []
    let capacity: Int

    init(capacity: Int = 10_000) { self.capacity = capacity }

    mutating func decided(_ edge: EdgeID, _ decider: Decider) {
        guard decided[edge] != nil || decided.count < capacity else { return }
        decided[edge, default: [:]][decider, default: 0] += 1
    }

    /// Takes an edge's counters.
    ///
    /// - Returns: what was used since its last message; nothing for its first, or one that is not newer.
    /// - Throws: ``JoinRefusal`` `range`, `limit`.
    mutating func take(_ message: EnergyMessage, edge id: EdgeID) throws(JoinRefusal) -> Use? {
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
            return nil
        }
        let isSameBoot = known.boot == message.boot
        guard !isSameBoot || message.t > known.t else { return nil }
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
        var total = known.total
        for (cause, count) in used { total[cause, default: JouleCount()].add(count) }
        edges[id] = Edge(
            boot: message.boot, t: message.t, inferences: message.inferences, joules: joules, total: total)
        changedEdges.insert(id)
        return Use(
            inferences: max(0, message.inferences - (restarted ? 0 : known.inferences)), joules: used,
            decisions: decided.removeValue(forKey: id) ?? [:])
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
