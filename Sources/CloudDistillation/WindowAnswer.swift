import ModelArtifact

/// What a teacher elsewhere said of a window's values.
struct WindowAnswer: Sendable, Equatable {
    /// When it said so, Unix seconds.
    let t: Double
    /// As its verdict names it.
    let teacher: String
    /// Probabilities in class order that sum to one, head after head; or the value.
    let values: [Float]

    /// The classes that it is counted under; regression has one.
    func countedAs(_ task: TaskDocument) -> [String] {
        switch task.kind {
        case .classification: [task.classes[Self.likeliest(values[...])].name]
        case .regression: ["value"]
        case .multiHead:
            zip(task.heads, task.headRanges).map { head, range in
                WindowTarget.countName(head: head.name, head.classes[Self.likeliest(values[range])].name)
            }
        }
    }

    /// Place of the highest number, the first of equals.
    static func likeliest(_ values: ArraySlice<Float>) -> Int {
        (values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) } ?? values.startIndex)
            - values.startIndex
    }
}
