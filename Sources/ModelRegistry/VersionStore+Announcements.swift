import JSON
import ReleaseTrust
import Storage
import Telemetry

extension VersionStore {
    /// Something that should stand retained on the bus.
    struct Announcement: Sendable, Equatable {
        var topic: Topic
        var payload: [UInt8]
    }

    /// All that should stand retained, in the order of publication: what others refer to comes first, and the
    /// timestamp, which makes a release count, last.
    func announcements(chunkSize: Int) async throws -> [Announcement] {
        try await database.read { [channel] transaction in
            var list = try transaction.rows("SELECT model, document FROM task ORDER BY model").map { row in
                Announcement(topic: .task(model: try row.text("model")), payload: try row.blob("document"))
            }
            list += try Self.offers(chunkSize: chunkSize, in: transaction)
            list += try transaction.rows("SELECT version, document FROM metadata WHERE role = 'root' ORDER BY version")
                .map { row in
                    Announcement(topic: .root(version: try row.integer("version")), payload: try row.blob("document"))
                }
            for (role, topic) in [(TrustRole.targets, Topic.targets), (.snapshot, .snapshot)] {
                guard let stored = try ReleaseSigner.newest(role, in: transaction) else { continue }
                list.append(Announcement(topic: topic, payload: stored.bytes))
            }
            list += try Self.releases(channel: channel, in: transaction)
            if let timestamp = try ReleaseSigner.newest(.timestamp, in: transaction) {
                list.append(Announcement(topic: .timestamp, payload: timestamp.bytes))
            }
            return list
        }
    }

    private static func offers(chunkSize: Int, in transaction: Transaction) throws -> [Announcement] {
        try transaction.rows("SELECT * FROM offer ORDER BY model, version, base").map { row in
            let model = try row.text("model")
            let base = try row.text("base")
            let target = try row.text("target")
            let message = OfferMessage(
                t: try row.real("made"), model: model, base: base, target: target,
                version: try row.integer("version"), method: try row.text("method"),
                content: ChunkedBytes(cutting: try row.blob("content"), chunkSize: chunkSize))
            return Announcement(topic: .offer(model: model, base: base, target: target), payload: message.payload)
        }
    }

    private static func releases(channel: String, in transaction: Transaction) throws -> [Announcement] {
        try transaction.rows(
            """
            SELECT version.*, length(version.student) AS size, release.channel, release.previous, release.t
            FROM release JOIN version ON version.model = release.model AND version.version = release.version
            ORDER BY release.model, release.channel
            """
        ).map { row in
            let version = try Self.version(row)
            let message = ReleaseMessage(
                t: try row.real("t"), model: version.model, version: version.version,
                previous: try row.optionalInteger("previous"), digest: version.digest, size: version.size,
                parameters: version.parameters, multiplyAccumulates: version.multiplyAccumulates,
                compressedBytes: version.compressedBytes, report: version.report)
            return Announcement(
                topic: .release(model: version.model, channel: try row.text("channel")), payload: message.payload)
        }
    }

    /// Notes that a topic may hold a message of ours from now on.
    func note(announced topic: String) async throws {
        try await database.write { transaction in
            try transaction.execute("INSERT OR IGNORE INTO announced(topic) VALUES(?)", [.text(topic)])
        }
    }

    /// Notes that a topic was cleared.
    func note(cleared topic: String) async throws {
        try await database.write { transaction in
            try transaction.execute("DELETE FROM announced WHERE topic = ?", [.text(topic)])
        }
    }

    /// Topics that may hold a message of ours.
    func announcedTopics() async throws -> Set<String> {
        try await database.read { transaction in
            Set(try transaction.rows("SELECT topic FROM announced").map { try $0.text("topic") })
        }
    }
}
