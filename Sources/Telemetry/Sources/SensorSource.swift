/// One entry of a sources file: which topics, and what their payloads mean.
public struct SensorSource: Sendable, Equatable {
    public enum Decoder: Sendable, Equatable {
        /// - textNumbers: whether `"21.5"` in quotes is a number too.
        case json(textNumbers: Bool)
        /// The payload is the value; `key` names the channel by the topic's captures.
        case value(key: String)
        case senMLJSON
        case senMLCBOR
        /// Little-endian samples of all channels in turn, `interval` seconds apart.
        case int16(interval: Double)
        case float32(interval: Double)
    }

    public var name: String
    public var topic: TopicPattern
    /// Topics that are left to others although ``topic`` matches them.
    public var ignored: [TopicPattern]
    public var decoder: Decoder
    public var channels: [SourceChannel]
    public var time: TimeField?

    /// Nothing for the reader's own site.
    var site: TextTemplate?
    var device: TextTemplate
    var key: TextTemplate?
    var battery: SupplyField?
    var voltage: SupplyField?

    /// What the topic's names stand for, where this source takes the topic.
    func captures(_ parts: [String]) -> [String: String]? {
        guard let captures = topic.match(parts), !ignored.contains(where: { $0.match(parts) != nil }) else {
            return nil
        }
        return captures
    }
}
