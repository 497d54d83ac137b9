import ModelArtifact

/// A deployed student that training goes on from.
struct WarmStart: Sendable {
    let student: Student
    /// SHA-256 of its file, hexadecimal.
    let digest: String
}
