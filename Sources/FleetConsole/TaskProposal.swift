public import JSON
public import ModelArtifact
import BusAPI
import Telemetry

/// A task handed to the registry, and its answer.
public struct TaskProposal: Sendable {
    public let task: TaskDocument
    private let payload: [UInt8]

    /// Reads and checks a task file.
    ///
    /// - Throws: `JSONError` that names what is wrong.
    public init(bytes: [UInt8]) throws(JSONError) {
        let json = try JSONValue(parsing: bytes, maximumBytes: 1 << 20)
        task = try TaskDocument(json: json)
        payload = json.bytes
    }

    /// - Parameter task: one that is checked.
    public init(task: TaskDocument) {
        self.task = task
        payload = task.json.bytes
    }

    /// Publishes the proposal, and returns once the registry has signed and published the task.
    ///
    /// - Throws: ``FleetConsoleError`` `.failed` with the registry's reason, or `.timedOut`.
    public func submit(to client: FleetClient) async throws {
        let proposal = client.topics.string(.taskProposal(model: task.name))
        let accepted = client.topics.string(.task(model: task.name))
        let rejects = client.topics.string(.reject(executable: "model-registry"))
        let answer: Result<Void, FleetConsoleError>? = try await client.ask(
            BusMessage(topic: proposal, payload: payload, contentType: "application/json"),
            answers: [BusFilter(accepted), BusFilter(rejects)]
        ) { [task] message in
            if message.topic == accepted {
                guard !message.payload.isEmpty, try Self.task(message) == task else { return nil }
                return .success(())
            }
            let reject = try RejectMessage(payload: message.payload)
            guard reject.topic == proposal else { return nil }
            return .failure(FleetConsoleError(.failed, "the registry refused the task: \(reject.reason)"))
        }
        guard let answer else {
            throw FleetConsoleError(
                .timedOut, "no registry answered on \(accepted): is model-registry running on this broker?")
        }
        try answer.get()
    }

    private static func task(_ message: BusMessage) throws(JSONError) -> TaskDocument {
        try TaskDocument(json: JSONValue(parsing: message.payload, maximumBytes: 1 << 20))
    }

    /// The tasks that a broker retains; one that cannot be read is left out.
    public static func tasks(_ client: FleetClient) async throws -> [TaskDocument] {
        var tasks: [TaskDocument] = []
        for message in try await client.retained([BusFilter(client.topics.filter("model", "+", "task"))]) {
            do throws(JSONError) { tasks.append(try task(message)) } catch { continue }
        }
        return tasks
    }
}
