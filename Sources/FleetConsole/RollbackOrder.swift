import BusAPI
import Telemetry

/// An earlier version of a model, to be released again.
public struct RollbackOrder: Sendable {
    public let model: String
    /// Nothing for the one before the released one.
    public let version: Int?

    public init(model: String, version: Int? = nil) {
        self.model = model
        self.version = version
    }

    /// Asks the registry, and returns once the version is released.
    ///
    /// - Parameter now: Unix seconds.
    /// - Returns: the version.
    /// - Throws: ``FleetConsoleError`` `.failed` with the registry's reason, or `.timedOut`.
    public func submit(to client: FleetClient, now: Double) async throws -> Int {
        let releases = client.topics.filter("model", model, "release", "+")
        guard let standing = try await client.retained([BusFilter(releases)]).first else {
            throw FleetConsoleError(.notFound, "nothing is released of \(model); `retort models` lists what is")
        }
        let released = try ReleaseMessage(payload: standing.payload)
        guard let wanted = version ?? released.previous else {
            throw FleetConsoleError(.notFound, "there is no version of \(model) before \(released.version)")
        }
        guard wanted != released.version else { return wanted }
        let order = client.topics.string(.rollback(model: model))
        let rejects = client.topics.string(.reject(executable: "model-registry"))
        let answer: Result<Int, FleetConsoleError>? = try await client.ask(
            BusMessage(
                topic: order, payload: RollbackRequest(t: now, version: wanted).payload,
                contentType: "application/json"),
            answers: [BusFilter(releases), BusFilter(rejects)]
        ) { message in
            guard message.topic == rejects else {
                guard !message.payload.isEmpty, try ReleaseMessage(payload: message.payload).version == wanted else {
                    return nil
                }
                return .success(wanted)
            }
            let reject = try RejectMessage(payload: message.payload)
            guard reject.topic == order else { return nil }
            return .failure(FleetConsoleError(.failed, "the registry refused the roll-back: \(reject.reason)"))
        }
        guard let answer else {
            throw FleetConsoleError(
                .timedOut, "no registry answered on \(releases): is model-registry running on this broker?")
        }
        return try answer.get()
    }
}
