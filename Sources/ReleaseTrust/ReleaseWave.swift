import Crypto

/// Which edges a release is for: a share of them, chosen by hash, at some sites.
public struct ReleaseWave: Sendable, Equatable {
    /// Edges per thousand, 0 to 1000.
    public var share: Int
    /// Decides which edges belong to the share; another salt chooses others.
    public var salt: String
    /// Sites; empty for all.
    public var sites: [String]

    public init(share: Int, salt: String, sites: [String] = []) {
        self.share = share
        self.salt = salt
        self.sites = sites
    }

    /// Every edge.
    public static let everyone = ReleaseWave(share: 1000, salt: "")

    /// Whether the release is for this edge. Growing the share under one salt only ever adds edges.
    public func includes(site: String, edge: String) -> Bool {
        guard sites.isEmpty || sites.contains(site) else { return false }
        let digest = SHA256.hash(data: Array("\(salt)/\(site)/\(edge)".utf8))
        let draw = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(draw % 1000) < share
    }
}
