/// What an edge may do with the metadata it has.
public enum TrustState: Sendable, Equatable {
    /// The set is incomplete, or its parts belong to different releases: nothing new is installed until these arrive.
    case waiting(for: [TrustRole], why: String)
    /// A document has expired: nothing new is installed, and what runs goes on.
    case expired(TrustRole, since: Int)
    /// The set is complete and verified.
    case ready(VerifiedTargets, clock: Clock)

    /// Whether expiry could be checked.
    public enum Clock: Sendable, Equatable {
        case plausible
        /// The clock stands before the metadata was signed: expiry was not checked, and this says why.
        case implausible(String)
    }
}
