import JSON
import ServiceRuntime
import Synchronization
import Telemetry

/// What edges say of themselves on `status/` and `availability/`, as metrics: they open no port of their own.
///
/// An edge is shown while its status is retained; whoever takes that back takes its series back.
final class EdgeGauges: Sendable {
    private struct State {
        var statuses: [String: StatusMessage] = [:]
        var online: [String: Bool] = [:]
        var refused = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: edges shown at most; further ones are counted and on the bus alone.
    init(capacity: Int) { self.capacity = capacity }

    /// Takes a status or presence of an edge; other topics change nothing.
    func take(_ topic: Topic, _ payload: [UInt8]) throws(JSONError) {
        switch topic {
        case .status(_, let instance):
            let status = payload.isEmpty ? nil : try StatusMessage(payload: payload)
            state.withLock { state in
                if status != nil, state.statuses[instance] == nil, state.statuses.count >= capacity {
                    state.refused += 1
                } else {
                    state.statuses[instance] = status
                }
            }
        case .serviceAvailability(_, let instance):
            let isOnline = payload.isEmpty ? nil : payload == Array("online".utf8)
            // Presence comes before or after the status it belongs to.
            state.withLock { $0.online.set(isOnline, for: instance, within: max(capacity, 1) * 2) }
        default: break
        }
    }

    var families: [MetricFamily] {
        let state = state.withLock { $0 }
        let edges = state.statuses.sorted { $0.key < $1.key }.map { instance, status in
            (edge: instance, site: status.details["site"]?.string ?? "", status: status)
        }
        var up = MetricFamily(MetricDefinition(.gauge, "retort_edge_up", "Whether an edge is connected to the broker"))
        var info = MetricFamily(
            MetricDefinition(.info, "retort_edge", "An edge's version, host, device profile and radio"))
        for (edge, site, status) in edges {
            up.add(state.online[edge] == true ? 1 : 0, ["site": site, "edge": edge])
            info.add(
                1,
                [
                    "site": site, "edge": edge, "version": status.version, "host": status.host,
                    "profile": status.details["profile"]?.string ?? "", "radio": status.details["radio"]?.string ?? "",
                ])
        }
        let details: [(String, String, (StatusMessage) -> Double?)] = [
            ("start_time_seconds", "Unix time at which an edge's process started", \.started),
            ("status_time_seconds", "Unix time of an edge's last status, which is said when it changes", \.t),
            ("devices", "Devices of an edge", { $0.details["devices"]?.number }),
            ("devices_online", "Devices that an edge hears", { $0.details["devicesOnline"]?.number }),
            ("spooled_bytes", "Bytes that wait on an edge's disk", { $0.details["spool"]?.object?["bytes"]?.number }),
            (
                "spool_limit_bytes", "Bytes that may wait on an edge's disk",
                { $0.details["spool"]?.object?["limit"]?.number }
            ),
        ]
        return [up, info]
            + details.map { name, help, value in
                var family = MetricFamily(MetricDefinition(.gauge, "retort_edge_\(name)", help))
                for (edge, site, status) in edges { family.add(value(status), ["site": site, "edge": edge]) }
                return family
            } + Self.counters(edges)
            + [
                MetricFamily(
                    MetricDefinition(.counter, "retort_edges_refused", "Statuses of edges beyond metrics.edges"),
                    Double(state.refused))
            ]
    }

    private static func counters(_ edges: [(edge: String, site: String, status: StatusMessage)]) -> [MetricFamily] {
        var others = MetricFamily(
            MetricDefinition(
                .counter, "retort_edge_status", "Counters of an edge's status that have no metric of their own"))
        let known = Set(EdgeCounters.all.map(\.key))
        for (edge, site, status) in edges {
            for (name, count) in status.counters.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
                others.add(Double(count), ["site": site, "edge": edge, "counter": name])
            }
        }
        return EdgeCounters.all.map { key, definition in
            var family = MetricFamily(definition)
            for (edge, site, status) in edges {
                // What an edge has not counted yet, it does not say.
                family.add(Double(status.counters[key] ?? 0), ["site": site, "edge": edge])
            }
            return family
        } + [others]
    }
}
