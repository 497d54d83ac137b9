public import ModelArtifact

/// What moved between two model files, tensor by tensor, and what that takes in an update.
public struct DeltaReport: Sendable {
    /// One tensor of the target.
    public struct Change: Sendable, Equatable {
        public enum Kind: String, Sendable {
            case same, moved
            /// Not in the base, or there with another type or size.
            case replaced
        }

        public var name: String
        public var element: SafetensorsTensor.Element
        /// Elements.
        public var count: Int
        public var kind: Kind
        /// Elements that differ; all of a replaced tensor.
        public var moved: Int
        /// The largest difference either way, of the bits as whole numbers: for int8 weights, steps of their grid.
        public var largest: UInt64
        /// About what it takes in the update before zstd.
        public var bytes: Int
    }

    /// In the order of their bytes in the target.
    public var changes: [Change]
    /// Tensors that the target no longer has.
    public var removed: [String]
    /// Bytes of the smallest frame by each method that can express the target.
    public var sizes: [(method: DeltaFrame.Method, bytes: Int)]

    /// - Throws: `ArtifactError` where one is no safetensors file; ``DeltaError``.
    public init(base: [UInt8], target: [UInt8]) throws {
        let (old, new) = (try Safetensors(decoding: base), try Safetensors(decoding: target))
        var coder = BinaryRangeEncoder()
        var models = ResidualModels()
        var coded = 0
        changes = new.tensors.map { tensor in
            let count = tensor.bytes.count / tensor.element.size
            guard let match = old.index(matching: tensor).map({ old.tensors[$0] }) else {
                return Change(
                    name: tensor.name, element: tensor.element, count: count, kind: .replaced,
                    moved: count, largest: 0, bytes: tensor.bytes.count)
            }
            let differences = Self.differences(tensor, match)
            let moved = differences.count { $0 != 0 }
            guard moved > 0 else {
                return Change(
                    name: tensor.name, element: tensor.element, count: count, kind: .same, moved: 0, largest: 0,
                    bytes: 0)
            }
            models.encode(tensor.bytes, from: match.bytes, elementSize: tensor.element.size, &coder)
            let before = coded
            let code = coder
            coded = code.finish().count
            return Change(
                name: tensor.name, element: tensor.element, count: count, kind: .moved, moved: moved,
                largest: differences.map(\.magnitude).max() ?? 0, bytes: max(0, coded - before))
        }
        removed = old.tensors.map(\.name).filter { name in !new.tensors.contains { $0.name == name } }
        sizes = try DeltaCodec.candidates(base: base, target: target).map { ($0.method, $0.bytes.count) }
    }

    private static func differences(_ tensor: SafetensorsTensor, _ base: SafetensorsTensor) -> [Int64] {
        stride(from: 0, to: tensor.bytes.count, by: tensor.element.size).map {
            ResidualModels.difference(tensor.bytes, base.bytes, at: $0, elementSize: tensor.element.size)
        }
    }
}

extension Safetensors {
    /// Of the tensor with the same name, type and size.
    func index(matching tensor: SafetensorsTensor) -> Int? {
        tensors.firstIndex {
            $0.name == tensor.name && $0.element == tensor.element && $0.bytes.count == tensor.bytes.count
        }
    }
}
