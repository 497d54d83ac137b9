/// The content of a safetensors file: named tensors and a few strings.
///
/// Source: https://github.com/huggingface/safetensors, the format section of its README.
public struct Safetensors: Sendable, Equatable {
    /// Free strings, under `__metadata__` in the file.
    public var metadata: [String: String]
    /// In the order of their bytes in the file.
    public var tensors: [SafetensorsTensor]

    public init(metadata: [String: String] = [:], tensors: [SafetensorsTensor] = []) {
        self.metadata = metadata
        self.tensors = tensors
    }

    /// What a reader accepts; sizes beyond are refused before anything is allocated for them.
    public struct Limits: Sendable {
        public var headerBytes: Int
        public var tensors: Int
        public init(headerBytes: Int = 4 << 20, tensors: Int = 4096) {
            self.headerBytes = headerBytes
            self.tensors = tensors
        }
    }

    /// The tensor of that name.
    ///
    /// - Throws: ``ArtifactError`` `.missing`.
    public func tensor(_ name: String) throws(ArtifactError) -> SafetensorsTensor {
        guard let tensor = tensors.first(where: { $0.name == name }) else {
            throw ArtifactError(.missing, "the tensor \(name) is missing")
        }
        return tensor
    }

    /// The metadata string of that name.
    ///
    /// - Throws: ``ArtifactError`` `.missing`.
    public func string(_ key: String) throws(ArtifactError) -> String {
        guard let value = metadata[key] else { throw ArtifactError(.missing, "the metadata entry \(key) is missing") }
        return value
    }
}
