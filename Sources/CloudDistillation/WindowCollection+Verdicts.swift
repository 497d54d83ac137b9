import ServiceRuntime
import Telemetry

extension WindowCollection {
    /// Takes in what a teacher elsewhere said of a window; of one that is not held here, as those of devices kept for
    /// evaluation never are, it is only counted.
    ///
    /// - Throws: ``Rejection`` where it does not answer the task, an error of the database.
    func take(verdict: VerdictMessage, device: DeviceID, model: String) async throws {
        guard let task = tasks[model] else { throw Self.unknown(model) }
        let (key, answer) = try verdict.checked(device: device, task: task)
        var changes: [TrainingSet.Change] = []
        switch sets[model]?.take(answer, for: key, changes: &changes) {
        case .taken: board.count("verdictsTaken")
        case .outdated: board.count("verdictsOutdated")
        case .unknown, nil: board.count("verdictsUnjoined")
        }
        try await database.append(changes.compactMap { Self.row(model, $0, content: nil) })
    }
}
