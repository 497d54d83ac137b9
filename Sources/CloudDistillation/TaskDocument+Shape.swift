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
        switch kind {
        case .classification: classes.map(\.name).joined(separator: ",")
        case .regression: target.map { "\($0.name) in \($0.unit)" } ?? ""
        case .multiHead:
            heads.map { "\($0.name):\($0.classes.map(\.name).joined(separator: ","))" }.joined(separator: ";")
        }
    }

    /// Where the probabilities of each classification stand amongst a network's outputs; none for a regression.
    var headRanges: [Range<Int>] {
        switch kind {
        case .classification: return [0..<classes.count]
        case .regression: return []
        case .multiHead:
            var start = 0
            return heads.map { head in
                defer { start += head.classes.count }
                return start..<start + head.classes.count
            }
        }
    }

    /// Whether windows cut for one task fit the other.
    func hasShape(of other: TaskDocument) -> Bool { shapeSignature == other.shapeSignature }

    /// Whether both answer the same, in the same order.
    func hasOutputs(of other: TaskDocument) -> Bool { outputSignature == other.outputSignature }
}
