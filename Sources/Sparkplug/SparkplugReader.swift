import SwiftProtobuf

/// Makes values of Sparkplug messages, by the births that name each node's metrics.
///
/// Synchronous and without I/O. Data may carry aliases alone, so a node whose birth was missed, or of whom a message was
/// lost, is to be asked for it again: ``takeRebirths(now:)``.
///
/// - Source: Sparkplug specification 3.0, chapters 5 and 6 (operational behaviour, payloads).
public struct SparkplugReader: Sendable {
    /// What a message says of one device, or of the node itself, at one time.
    public struct Update: Sendable, Equatable {
        public var node: SparkplugNode
        /// Nothing for the node itself.
        public var device: String?
        /// Unix seconds; nothing where the publisher gave none.
        public var t: Double?
        /// By the metric's name; booleans are 1 and 0.
        public var values: [String: Double]
        /// Metrics of a device that has died, which have no value any more.
        public var lost: [String] = []
        /// Said by births and deaths.
        public var isOnline: Bool?
    }

    private struct Metric: Sendable {
        var name: String
        var datatype: UInt32
    }

    private struct Node: Sendable {
        var isBorn = false
        /// Tells a death from one of an earlier session.
        var birthSequence: UInt64?
        /// The last message's number, 0 to 255.
        var sequence: UInt64 = 0
        /// Aliases are unique within a node and its devices.
        var aliases: [UInt64: Metric] = [:]
        var types: [String: UInt32] = [:]
        /// With the names of their metrics; those of the node itself stand under an empty name.
        var devices: [String: Set<String>] = [:]
        var isWanted = false
        var asked = -Double.infinity
    }

    public static let maximumBytes = 4 << 20
    public static let maximumNodes = 10_000
    /// Names and aliases of one node.
    public static let maximumMetrics = 50_000
    /// Seconds between two requests for the same birth.
    public static let rebirthInterval = 30.0

    private var nodes: [SparkplugNode: Node] = [:]

    public init() {}

    /// - Returns: by device and time, in order of time; nothing for what is no birth, data or death.
    /// - Throws: ``SparkplugError``; the state is then as before, but for a birth that is wanted.
    public mutating func read(topic: String, payload bytes: [UInt8]) throws(SparkplugError) -> [Update] {
        guard let topic = SparkplugTopic(topic) else { return [] }
        guard bytes.count <= Self.maximumBytes else {
            throw SparkplugError(.tooLarge, "\(bytes.count) bytes; at most \(Self.maximumBytes) are read")
        }
        let payload: Sparkplug_Payload
        do { payload = try Sparkplug_Payload(serializedBytes: bytes) } catch {
            throw SparkplugError(.payload, "no Sparkplug payload: \(error)")
        }
        guard nodes[topic.node] != nil || nodes.count < Self.maximumNodes else {
            throw SparkplugError(.limit, "more than \(Self.maximumNodes) nodes")
        }
        switch topic.kind {
        case .nodeBirth: return try birth(topic, payload)
        case .deviceBirth: return try deviceBirth(topic, payload)
        case .nodeData, .deviceData: return try data(topic, payload)
        case .nodeDeath: return death(topic, payload)
        case .deviceDeath: return deviceDeath(topic, payload)
        }
    }

    /// Nodes to ask for their birth now, with the topics of the commands.
    public mutating func takeRebirths(now: Double) -> [(topic: String, payload: [UInt8])] {
        var commands: [(String, [UInt8])] = []
        for (id, node) in nodes where node.isWanted && now - node.asked >= Self.rebirthInterval {
            nodes[id]?.asked = now
            nodes[id]?.isWanted = false
            commands.append((id.commandTopic, Self.rebirth(now: now)))
        }
        return commands.sorted { $0.0 < $1.0 }
    }

    private static func rebirth(now: Double) -> [UInt8] {
        var metric = Sparkplug_Payload.Metric()
        metric.name = "Node Control/Rebirth"
        metric.timestamp = UInt64(now * 1000)
        metric.datatype = SparkplugValue.boolean
        metric.booleanValue = true
        var payload = Sparkplug_Payload()
        payload.timestamp = UInt64(now * 1000)
        payload.metrics = [metric]
        // Only required fields of proto2 can fail to be there, and there is none.
        return (try? payload.serializedBytes()) ?? []
    }

    // MARK: Births

    private mutating func birth(
        _ topic: SparkplugTopic, _ payload: Sparkplug_Payload
    ) throws(SparkplugError) -> [Update] {
        guard payload.hasSeq, payload.seq == 0 else {
            throw SparkplugError(.sequence, "a node's birth begins with seq 0, not \(payload.seq)")
        }
        var node = Node(isBorn: true)
        node.asked = nodes[topic.node]?.asked ?? -.infinity
        node.birthSequence = payload.metrics.first { $0.name == "bdSeq" }.flatMap(SparkplugValue.unsigned)
        try Self.learn(payload.metrics, of: "", &node)
        // A birth ends the session before it, with all its devices.
        let gone = (nodes[topic.node]?.devices ?? [:]).filter { !$0.key.isEmpty }
        nodes[topic.node] = node
        return gone.sorted { $0.key < $1.key }.map { offline(topic.node, $0.key, $0.value, payload) }
            + updates(topic, payload, node, isOnline: true)
    }

    private mutating func deviceBirth(
        _ topic: SparkplugTopic, _ payload: Sparkplug_Payload
    ) throws(SparkplugError) -> [Update] {
        var node = try born(topic)
        follow(payload, &node)
        try Self.learn(payload.metrics, of: topic.device ?? "", &node)
        nodes[topic.node] = node
        return updates(topic, payload, node, isOnline: true)
    }

    private static func learn(
        _ metrics: [Sparkplug_Payload.Metric], of device: String, _ node: inout Node
    ) throws(SparkplugError) {
        var names: Set<String> = []
        for metric in metrics where metric.hasName {
            if metric.hasAlias { node.aliases[metric.alias] = Metric(name: metric.name, datatype: metric.datatype) }
            node.types[metric.name] = metric.datatype
            if SparkplugValue.isNumber(datatype: metric.datatype), metric.name != "bdSeq" { names.insert(metric.name) }
        }
        node.devices[device] = names
        guard node.types.count <= maximumMetrics, node.aliases.count <= maximumMetrics else {
            throw SparkplugError(.limit, "more than \(maximumMetrics) metrics of one node")
        }
    }

    // MARK: Data

    private mutating func data(
        _ topic: SparkplugTopic, _ payload: Sparkplug_Payload
    ) throws(SparkplugError) -> [Update] {
        var node = try born(topic)
        if let device = topic.device, node.devices[device] == nil {
            nodes[topic.node]?.isWanted = true
            throw SparkplugError(.unborn, "no birth of \(device) was heard; it is asked for")
        }
        follow(payload, &node)
        if payload.metrics.contains(where: { !$0.hasName && node.aliases[$0.alias] == nil }) { node.isWanted = true }
        nodes[topic.node] = node
        return updates(topic, payload, node, isOnline: nil)
    }

    private mutating func born(_ topic: SparkplugTopic) throws(SparkplugError) -> Node {
        guard let node = nodes[topic.node], node.isBorn else {
            nodes[topic.node, default: Node()].isWanted = true
            throw SparkplugError(.unborn, "no birth of \(topic.node.node) was heard; it is asked for")
        }
        return node
    }

    /// A number that is not the next one tells of a message that was lost: what it said is asked for again.
    private func follow(_ payload: Sparkplug_Payload, _ node: inout Node) {
        if !payload.hasSeq || payload.seq != (node.sequence + 1) % 256 { node.isWanted = true }
        node.sequence = payload.seq % 256
    }

    private func updates(
        _ topic: SparkplugTopic, _ payload: Sparkplug_Payload, _ node: Node, isOnline: Bool?
    ) -> [Update] {
        let sent = payload.hasTimestamp ? payload.timestamp : nil
        var byTime: [UInt64?: [String: Double]] = [:]
        for metric in payload.metrics {
            let known = metric.hasName ? nil : node.aliases[metric.alias]
            guard let name = metric.hasName ? metric.name : known?.name, name != "bdSeq" else { continue }
            let type = metric.hasDatatype ? metric.datatype : known?.datatype ?? node.types[name] ?? 0
            guard let value = SparkplugValue.number(metric, datatype: type) else { continue }
            byTime[metric.hasTimestamp ? metric.timestamp : sent, default: [:]][name] = value
        }
        // What a birth says of the device itself stands at the time of the message.
        if isOnline != nil, byTime[sent] == nil { byTime[sent] = [:] }
        return byTime.sorted { ($0.key ?? .max) < ($1.key ?? .max) }.map { time, values in
            Update(
                node: topic.node, device: topic.device, t: time.map { Double($0) / 1000 }, values: values,
                isOnline: time == sent ? isOnline : nil)
        }
    }

    // MARK: Deaths

    private mutating func death(_ topic: SparkplugTopic, _ payload: Sparkplug_Payload) -> [Update] {
        guard let node = nodes[topic.node], node.isBorn else { return [] }
        // The will of a session that a newer one has replaced.
        let number = payload.metrics.first { $0.name == "bdSeq" }.flatMap(SparkplugValue.unsigned)
        if let number, let own = node.birthSequence, number != own { return [] }
        nodes[topic.node] = Node()
        return node.devices.sorted { $0.key < $1.key }.reversed().map {
            offline(topic.node, $0.key.isEmpty ? nil : $0.key, $0.value, payload)
        }
    }

    private mutating func deviceDeath(_ topic: SparkplugTopic, _ payload: Sparkplug_Payload) -> [Update] {
        guard var node = nodes[topic.node], node.isBorn, let device = topic.device else { return [] }
        follow(payload, &node)
        let names = node.devices.removeValue(forKey: device)
        nodes[topic.node] = node
        return names.map { [offline(topic.node, device, $0, payload)] } ?? []
    }

    private func offline(
        _ node: SparkplugNode, _ device: String?, _ lost: Set<String>, _ payload: Sparkplug_Payload
    ) -> Update {
        // A will's time is that of the session's beginning, so a node's death has none.
        let t = device == nil || !payload.hasSeq ? nil : payload.hasTimestamp ? Double(payload.timestamp) / 1000 : nil
        return Update(node: node, device: device, t: t, values: [:], lost: lost.sorted(), isOnline: false)
    }
}
