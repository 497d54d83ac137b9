/// Whose figures are meant, all of one model's or of all models together: `fleet`, `site/home`, `edge/home/gw-1`,
/// `device/home/wrist-7` or `version/7`.
public enum FleetSubject: Sendable, Hashable, CustomStringConvertible {
    case fleet
    case site(String)
    case edge(EdgeID)
    case device(DeviceID)
    /// Of the model that is named beside it.
    case version(Int)

    /// Nothing where the text is none of the forms.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy(Slug.isValid) else { return nil }
        switch (parts[0], parts.count) {
        case ("fleet", 1): self = .fleet
        case ("site", 2): self = .site(parts[1])
        case ("edge", 3): self = .edge(EdgeID(site: parts[1], edge: parts[2]))
        case ("device", 3): self = .device(DeviceID(site: parts[1], device: parts[2]))
        case ("version", 2):
            guard let version = Int(parts[1]), version > 0 else { return nil }
            self = .version(version)
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .fleet: "fleet"
        case .site(let site): "site/\(site)"
        case .edge(let id): "edge/\(id)"
        case .device(let id): "device/\(id)"
        case .version(let version): "version/\(version)"
        }
    }
}
