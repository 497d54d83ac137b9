/// A topic of Sparkplug B: `spBv1.0/{group}/{kind}/{node}`, or with a device behind it.
struct SparkplugTopic: Equatable {
    enum Kind: String, Sendable {
        case nodeBirth = "NBIRTH"
        case nodeDeath = "NDEATH"
        case nodeData = "NDATA"
        case deviceBirth = "DBIRTH"
        case deviceDeath = "DDEATH"
        case deviceData = "DDATA"

        var isOfDevice: Bool { self == .deviceBirth || self == .deviceDeath || self == .deviceData }
    }

    static let namespace = "spBv1.0"

    var node: SparkplugNode
    var kind: Kind
    var device: String?

    /// Nothing for commands, host states and what is no topic of Sparkplug.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (4...5).contains(parts.count), parts[0] == Self.namespace, let kind = Kind(rawValue: parts[2]),
            kind.isOfDevice == (parts.count == 5), parts.allSatisfy({ !$0.isEmpty })
        else { return nil }
        node = SparkplugNode(group: parts[1], node: parts[3])
        self.kind = kind
        device = parts.count == 5 ? parts[4] : nil
    }
}

/// An edge node of Sparkplug, which speaks for its devices.
public struct SparkplugNode: Sendable, Hashable {
    public var group: String
    public var node: String

    public init(group: String, node: String) {
        self.group = group
        self.node = node
    }

    /// Where the node takes commands.
    var commandTopic: String { "\(SparkplugTopic.namespace)/\(group)/NCMD/\(node)" }
}
