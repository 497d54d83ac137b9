import Telemetry

/// A training job and how far it is.
struct Job: Sendable, Equatable {
    enum State: String, Sendable, CaseIterable {
        case waiting, running
        /// Trained; the registry has not answered yet.
        case offering
        case done, failed

        var isFinished: Bool { self == .done || self == .failed }
    }

    let request: JobRequest
    let isAutomatic: Bool
    var state: State
    /// What was said of it last.
    var progress: JobProgress

    var id: String { request.id }

    /// Whether a repeated request asks for the same.
    func isSameRequest(_ other: JobRequest) -> Bool {
        request.model == other.model && request.base == other.base && request.seed == other.seed
            && request.teacher == other.teacher && request.retrainTeacher == other.retrainTeacher
    }
}
