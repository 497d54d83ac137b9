/// A sensor device: a name within a site, both valid slugs.
public struct DeviceID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let site: String
    public let device: String

    public init(site: String, device: String) {
        self.site = site
        self.device = device
    }

    /// `site/device`.
    public var description: String { "\(site)/\(device)" }

    public static func < (a: Self, b: Self) -> Bool { (a.site, a.device) < (b.site, b.device) }
}

/// An edge: a name within a site, both valid slugs.
public struct EdgeID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let site: String
    public let edge: String

    public init(site: String, edge: String) {
        self.site = site
        self.edge = edge
    }

    /// `site/edge`.
    public var description: String { "\(site)/\(edge)" }

    public static func < (a: Self, b: Self) -> Bool { (a.site, a.edge) < (b.site, b.edge) }
}
