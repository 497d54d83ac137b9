public import JSON

/// A student that was accepted: one version of a model, with its lineage.
public struct ModelVersion: Sendable, Equatable {
    public let model: String
    /// Counts up from 1.
    public let version: Int
    /// SHA-256 of the student file, hexadecimal.
    public let digest: String
    /// Digest of the student it was warm-started from.
    public let base: String?
    /// Bytes of the student file.
    public let size: Int
    /// Bytes of the student file in zstd.
    public let compressedBytes: Int
    public let parameters: Int
    public let multiplyAccumulates: Int
    /// Hardware profile it was made for.
    public let profile: String
    public let taskRevision: Int
    public let job: String
    public let distiller: String
    /// The distiller's evaluation report.
    public let report: JSONObject
    /// Unix seconds.
    public let accepted: Double
}
