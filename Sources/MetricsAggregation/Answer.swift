/// What was said of a window: by a student, a teacher, or a truth.
enum Answer: Sendable, Hashable {
    /// Nothing yet.
    case none
    /// Of truths and labels alone: one covers the window in part.
    case mixed
    /// A class, by its number in the name table.
    case label(Int32)
    case value(Double)

    var isValue: Bool { if case .value = self { true } else { false } }

    /// Whether a decision can be compared with this.
    var isScorable: Bool {
        switch self {
        case .none, .mixed: false
        case .label, .value: true
        }
    }
}
