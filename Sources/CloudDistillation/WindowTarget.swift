import ModelArtifact
import Telemetry

/// What a label says of a window.
enum WindowTarget: Sendable, Hashable {
    case label(String)
    case value(Double)

    /// Nothing for a label that is taken back.
    init?(_ content: LabelMessage.Content) {
        switch content {
        case .label(let label): self = .label(label)
        case .value(let value): self = .value(value)
        case .withdrawn: return nil
        }
    }

    /// Whether a task can learn from it: one of its classes, or a value where it predicts one.
    func isUsable(for task: TaskDocument) -> Bool {
        switch (self, task.kind) {
        case (.label(let label), .classification): task.classIndex(label) != nil
        case (.value(let value), .regression): value.isFinite
        default: false
        }
    }

    /// The class that windows are counted under; regression has one.
    var countedAs: String {
        switch self {
        case .label(let label): label
        case .value: "value"
        }
    }
}

/// What the labels of a device say of one of its windows.
enum LabelCoverage: Sendable, Hashable {
    case unlabelled
    /// Labels touch the window, but none covers it alone.
    case mixed
    case covered(WindowTarget)
}
