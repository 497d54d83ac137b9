/// What an alert is about: its kind, and the names that `alert/{kind}/…` ends in.
public struct AlertID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        case edgeOffline = "edge-offline"
        case accuracyBelowGuard = "accuracy-below-guard"
        case drift
        case updateFailing = "update-failing"
        case spoolFilling = "spool-filling"
        case batteryLow = "battery-low"

        /// What the topic's levels after the kind name.
        public var subject: [String] {
            switch self {
            case .edgeOffline, .spoolFilling: ["site", "edge"]
            case .accuracyBelowGuard: ["model", "version"]
            case .drift, .updateFailing: ["model", "site", "edge"]
            case .batteryLow: ["site", "device"]
            }
        }
    }

    public let kind: Kind
    /// Slugs, as many as ``Kind/subject``.
    public let names: [String]

    /// Nothing where the names are not those that the kind has.
    public init?(_ kind: Kind, names: [String]) {
        guard names.count == kind.subject.count else { return nil }
        self.kind = kind
        self.names = names
    }

    private init(_ kind: Kind, _ names: String...) {
        self.kind = kind
        self.names = names
    }

    public static func edgeOffline(_ edge: EdgeID) -> AlertID { AlertID(.edgeOffline, edge.site, edge.edge) }
    public static func spoolFilling(_ edge: EdgeID) -> AlertID { AlertID(.spoolFilling, edge.site, edge.edge) }
    public static func batteryLow(_ device: DeviceID) -> AlertID {
        AlertID(.batteryLow, device.site, device.device)
    }
    public static func accuracyBelowGuard(model: String, version: Int) -> AlertID {
        AlertID(.accuracyBelowGuard, model, String(version))
    }
    public static func drift(model: String, _ edge: EdgeID) -> AlertID { AlertID(.drift, model, edge.site, edge.edge) }
    public static func updateFailing(model: String, _ edge: EdgeID) -> AlertID {
        AlertID(.updateFailing, model, edge.site, edge.edge)
    }

    /// `edge-offline/home/gw-1`.
    public var description: String { ([kind.rawValue] + names).joined(separator: "/") }

    public static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}
