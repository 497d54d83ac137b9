import ModelArtifact
import Telemetry

/// What a label says of a window.
enum WindowTarget: Sendable, Hashable {
    case label(String)
    case value(Double)
    /// The class of each head that is known.
    case heads([String: String])

    /// Nothing for a label that is taken back.
    init?(_ content: LabelMessage.Content) {
        switch content {
        case .label(let label): self = .label(label)
        case .value(let value): self = .value(value)
        case .heads(let heads): self = .heads(heads)
        case .withdrawn: return nil
        }
    }

    /// Whether a task can learn from it: one of its classes, classes of its heads, or a value where it predicts one.
    func isUsable(for task: TaskDocument) -> Bool {
        switch (self, task.kind) {
        case (.label(let label), .classification): task.classIndex(label) != nil
        case (.value(let value), .regression): value.isFinite
        case (.heads(let heads), .multiHead):
            heads.contains { name, _ in task.heads.contains { $0.name == name } }
                && task.heads.allSatisfy { head in
                    heads[head.name].map { said in head.classes.contains { $0.name == said } } ?? true
                }
        default: false
        }
    }

    /// The classes that windows are counted under; regression has one.
    var countedAs: [String] {
        switch self {
        case .label(let label): [label]
        case .value: ["value"]
        case .heads(let heads): heads.map { Self.countName(head: $0, $1) }
        }
    }

    /// The name that a class of one head of several is counted under.
    static func countName(head: String, _ label: String) -> String { "\(head)=\(label)" }
}

extension TaskDocument {
    /// Every name that windows of the task are counted under.
    var countNames: [String] {
        switch kind {
        case .classification: classes.map(\.name)
        case .regression: ["value"]
        case .multiHead:
            heads.flatMap { head in head.classes.map { WindowTarget.countName(head: head.name, $0.name) } }
        }
    }
}

/// What the labels of a device say of one of its windows.
enum LabelCoverage: Sendable, Hashable {
    case unlabelled
    /// Labels touch the window, but none counts for it.
    case mixed
    case covered(WindowTarget)
}
