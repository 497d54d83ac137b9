import ModelArtifact

/// What windows and answers kept for a task must agree with, as text, so that a database can keep it.
struct TaskSignature: Sendable, Equatable {
    /// Of windows' values.
    var shape: String
    /// Of what is answered.
    var outputs: String
}

extension TaskDocument {
    var signature: TaskSignature { TaskSignature(shape: shapeSignature, outputs: outputSignature) }

    private var shapeSignature: String {
        "\(kind.rawValue) \(window) samples at \(rate) of \(channels.map(\.name).joined(separator: ","))"
    }

    private var outputSignature: String {
        target.map { "\($0.name) in \($0.unit)" } ?? classes.map(\.name).joined(separator: ",")
    }

    /// Whether windows cut for one task fit the other.
    func hasShape(of other: TaskDocument) -> Bool { shapeSignature == other.shapeSignature }

    /// Whether both answer the same, in the same order.
    func hasOutputs(of other: TaskDocument) -> Bool { outputSignature == other.outputSignature }
}
