/// The four top-level roles of TUF; the raw value is the document's `_type`.
public enum TrustRole: String, Sendable, CaseIterable {
    /// Says which keys sign for which role.
    case root
    /// Says what may be installed.
    case targets
    /// Pins the targets document, so that no two releases are mixed.
    case snapshot
    /// Pins the snapshot and expires soon, so that no old release is passed off as the current one.
    case timestamp
}
