import Logging
import ReleaseTrust
import ServiceRuntime
import Storage

/// What the registry counts, and what its store holds, as metrics.
struct RegistryMetrics: Sendable {
    /// Counters of the status board, by metric.
    private static let counters: [(String, String, String)] = [
        ("received", "received_messages", "Reports, needs, candidates, proposals and roll-backs received"),
        ("rejected", "rejected_messages", "Payloads that could not be used"),
        ("rejectsUnsent", "unsent_rejects", "Words on reject/ that the broker did not take"),
        ("needs", "needs", "Requests of edges for chunks"),
        ("needsUnknown", "unknown_needs", "Requests for chunks of a frame that is not offered"),
        ("dropped.needs", "dropped_needs", "Requests for chunks dropped because too many waited"),
        ("dropped.fleet", "dropped_reports", "Messages of edges dropped because too many waited"),
        ("dropped.candidates", "dropped_candidate_messages", "Messages of distillers dropped because too many waited"),
        ("dropped.displaced", "displaced_candidates", "Candidates that newer ones pushed out before they were whole"),
        ("chunksSent", "sent_chunks", "Chunks broadcast to edges"),
        ("chunkBytesSent", "sent_bytes", "Chunks broadcast to edges"),
        ("chunksUnsent", "unsent_chunks", "Chunks that the broker did not take"),
        ("offersMade", "made_offers", "Full frames and deltas made"),
        ("offersFailed", "failed_offers", "Deltas that could not be made"),
        ("tasksAccepted", "accepted_tasks", "Tasks taken from the bus, new or changed"),
        ("tasksRefused", "refused_tasks", "Task files without effect"),
        ("candidatesAccepted", "accepted_candidates", "Candidates that became a version"),
        ("candidatesRefused", "refused_candidates", "Candidates that were refused"),
        ("answersUnsent", "unsent_answers", "Answers to distillers that the broker did not take"),
        ("announcementsUnsent", "unsent_announcements", "Retained messages that the broker did not take"),
        ("failures", "failures", "Messages and renewals that the store could not deal with"),
    ]

    let store: VersionStore
    let logger: Logger

    func register(with factory: OpenMetricsFactory) {
        factory.name(
            counters: Dictionary(
                uniqueKeysWithValues: Self.counters.map {
                    ($0.0, MetricDefinition(.counter, "retort_registry_\($0.1)", $0.2))
                }))
        factory.collect { await families() }
    }

    /// What the store holds now; the families alone where it cannot be read.
    private func families() async -> [MetricFamily] {
        do {
            return Self.families(try await store.figures())
        } catch {
            logger.error("The store cannot be read for /metrics", metadata: [RegistryLogKeys.error: "\(error)"])
            return Self.families(VersionStore.Figures())
        }
    }

    private static func families(_ figures: VersionStore.Figures) -> [MetricFamily] {
        func family(_ name: String, _ help: String) -> MetricFamily {
            MetricFamily(MetricDefinition(.gauge, "retort_registry_\(name)", help))
        }
        var versions = family("versions", "Versions kept of a model")
        var released = family("released_version", "Version that is desired, by channel")
        var edges = family("edges", "Edges by the version they run (0: none) and the state of their installation")
        var failing = family("edges_failing", "Edges that refuse the version they are to run")
        var offers = family("offers", "Updates to the released student, by method")
        var bytes = family("offered_bytes", "Bytes of the smallest of them")
        var expiry = family("metadata_expiry_time_seconds", "Unix time at which signed metadata expires, by role")
        for (model, count) in figures.versions { versions.add(Double(count), ["model": model]) }
        for entry in figures.released {
            released.add(Double(entry.version), ["model": entry.model, "channel": entry.channel])
        }
        for entry in figures.edges {
            edges.add(
                Double(entry.count), ["model": entry.model, "version": "\(entry.version)", "state": entry.state])
        }
        for (model, _) in figures.versions {
            let refusing = figures.edges.filter { $0.model == model && $0.state == "refused" }
            failing.add(Double(refusing.reduce(0) { $0 + $1.count }), ["model": model])
        }
        for entry in figures.offers {
            offers.add(Double(entry.count), ["model": entry.model, "method": entry.method])
            bytes.add(Double(entry.bytes), ["model": entry.model, "method": entry.method])
        }
        for (role, time) in figures.expiries { expiry.add(Double(time), ["role": role]) }
        return [versions, released, edges, failing, offers, bytes, expiry]
    }
}

extension VersionStore {
    /// What `/metrics` says of the store.
    struct Figures: Sendable {
        var versions: [(model: String, count: Int)] = []
        var released: [(model: String, channel: String, version: Int)] = []
        var edges: [(model: String, version: Int, state: String, count: Int)] = []
        var offers: [(model: String, method: String, count: Int, bytes: Int)] = []
        var expiries: [(role: String, time: Int)] = []
    }

    /// - Throws: `StorageError`.
    func figures() async throws -> Figures {
        try await database.read { transaction in
            var figures = Figures()
            figures.versions = try transaction.rows(
                """
                SELECT task.model, count(version.version) AS count FROM task LEFT JOIN version
                ON version.model = task.model GROUP BY task.model ORDER BY task.model
                """
            ).map { (try $0.text("model"), try $0.integer("count")) }
            figures.released = try transaction.rows(
                "SELECT model, channel, version FROM release ORDER BY model, channel"
            ).map { (try $0.text("model"), try $0.text("channel"), try $0.integer("version")) }
            figures.edges = try transaction.rows(
                """
                SELECT model, coalesce(running, 0) AS version, state, count(*) AS count FROM installed
                GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
                """
            ).map {
                (try $0.text("model"), try $0.integer("version"), try $0.text("state"), try $0.integer("count"))
            }
            figures.offers = try transaction.rows(
                """
                SELECT offer.model, method, count(*) AS count, min(length(content)) AS bytes FROM offer
                JOIN release ON release.model = offer.model AND release.version = offer.version
                GROUP BY 1, 2 ORDER BY 1, 2
                """
            ).map {
                (try $0.text("model"), try $0.text("method"), try $0.integer("count"), try $0.integer("bytes"))
            }
            for role in TrustRole.allCases {
                if let stored = try ReleaseSigner.newest(role, in: transaction) {
                    figures.expiries.append((role.rawValue, stored.expires))
                }
            }
            return figures
        }
    }
}
