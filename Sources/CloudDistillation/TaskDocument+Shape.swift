import ModelArtifact

extension TaskDocument {
    /// What a window's values must agree with: as text, so that a database can keep it.
    var shapeSignature: String {
        "\(kind.rawValue) \(window) samples at \(rate) of \(channels.map(\.name).joined(separator: ","))"
    }

    /// Whether windows cut for one task fit the other.
    func hasShape(of other: TaskDocument) -> Bool { shapeSignature == other.shapeSignature }
}
