public import ModelArtifact
public import NeuralNetwork

/// What the classes in focus gained and what the others paid: two students on the same windows, as they were recorded and
/// under each of several hardships.
public struct FocusComparison: Sendable, Equatable {
    /// Shares of windows recognised.
    public struct Recall: Sendable, Equatable {
        /// Of the student without the focus.
        public var plain: Double
        public var focused: Double
        public var gain: Double { focused - plain }
    }

    public struct Row: Sendable, Equatable {
        public var condition: Robustness.Condition
        /// By class of the task; `nil` for one of which there is no window.
        public var classes: [Recall?]
        /// Means over the classes in focus, and over the others.
        public var focus: Recall
        public var others: Recall
    }

    public let rows: [Row]

    /// - Parameters:
    ///   - focus: indices of the task's classes.
    ///   - test: windows that neither student has seen.
    ///   - layout: of both.
    ///   - conditions: hardships; see ``Robustness/conditions``.
    /// - Throws: `DistillationError` where a student and the windows do not go together; `NetworkError` where a hardship
    ///   makes values that are not finite.
    public init(
        plain: Student, focused: Student, focus: [Int], test: LabelledWindows, layout: OutputLayout,
        robustness: Robustness, conditions: [Robustness.Condition], threads: Int = 1
    ) throws {
        guard let head = layout.heads.first, head.form == .softmax else {
            throw DistillationError(.unsupportedTask, "only classes can be in focus")
        }
        rows = try conditions.map { condition in
            let windows = try robustness.degraded(test, condition)
            let a = Self.recalls(try plain.logits(windows, threads: threads), test, layout, head)
            let b = Self.recalls(try focused.logits(windows, threads: threads), test, layout, head)
            let classes = zip(a, b).map { first, second -> Recall? in
                guard let first, let second else { return nil }
                return Recall(plain: first, focused: second)
            }
            return Row(
                condition: condition, classes: classes,
                focus: Self.mean(classes.indices.filter(focus.contains).compactMap { classes[$0] }),
                others: Self.mean(classes.indices.filter { !focus.contains($0) }.compactMap { classes[$0] }))
        }
    }

    /// By class of the labels.
    private static func recalls(
        _ logits: [Float], _ windows: LabelledWindows, _ layout: OutputLayout, _ head: OutputLayout.Head
    ) -> [Double?] {
        var right = [Int](repeating: 0, count: head.classOfLabel.count)
        var all = right
        for window in 0..<windows.count {
            let label = windows.label(window)
            guard label >= 0 else { continue }
            all[label] += 1
            let row = logits[window * layout.outputs..<(window + 1) * layout.outputs]
            if head.classIndex(row) == head.classOfLabel[label] { right[label] += 1 }
        }
        return zip(right, all).map { $1 > 0 ? Double($0) / Double($1) : nil }
    }

    private static func mean(_ recalls: [Recall]) -> Recall {
        let count = Double(max(1, recalls.count))
        return Recall(
            plain: recalls.reduce(0) { $0 + $1.plain } / count,
            focused: recalls.reduce(0) { $0 + $1.focused } / count)
    }
}
