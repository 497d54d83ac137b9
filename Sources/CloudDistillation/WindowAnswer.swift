import ModelArtifact

/// What a teacher elsewhere said of a window's values.
struct WindowAnswer: Sendable, Equatable {
    /// When it said so, Unix seconds.
    let t: Double
    /// As its verdict names it.
    let teacher: String
    /// Probabilities in class order that sum to one, or the value.
    let values: [Float]

    /// The class that it is counted under; regression has one.
    func countedAs(_ task: TaskDocument) -> String {
        task.kind == .classification ? task.classes[Self.likeliest(values[...])].name : "value"
    }

    /// Place of the highest number, the first of equals.
    static func likeliest(_ values: ArraySlice<Float>) -> Int {
        (values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) } ?? values.startIndex)
            - values.startIndex
    }
}
