/// A topic filter with the quality of service asked for.
public struct BusFilter: Sendable, Hashable, CustomStringConvertible {
    /// The filter as MQTT writes it: `+` for one level, `#` for the rest.
    public let pattern: String
    public let qos: QualityOfService

    public init(_ pattern: String, qos: QualityOfService = .atLeastOnce) {
        self.pattern = pattern
        self.qos = qos
    }

    public var description: String { pattern }

    /// Whether a topic passes, by the rules of MQTT 5 §4.7 (topics that begin with `$` pass no leading wildcard).
    public func matches(_ topic: String) -> Bool { Self.matches(pattern: pattern, topic: topic) }

    /// Whether a topic passes a pattern, by the rules of MQTT 5 §4.7.
    public static func matches(pattern: String, topic: String) -> Bool {
        var pattern = pattern.utf8[...]
        var topic = topic.utf8[...]
        if topic.first == UInt8(ascii: "$"), let first = pattern.first,
            first == UInt8(ascii: "+") || first == UInt8(ascii: "#")
        {
            return false
        }
        while true {
            let patternLevel = pattern.prefix { $0 != UInt8(ascii: "/") }
            if patternLevel.elementsEqual("#".utf8) { return true }
            let topicLevel = topic.prefix { $0 != UInt8(ascii: "/") }
            guard patternLevel.elementsEqual("+".utf8) || patternLevel.elementsEqual(topicLevel) else { return false }
            let patternEnds = patternLevel.endIndex == pattern.endIndex
            let topicEnds = topicLevel.endIndex == topic.endIndex
            if patternEnds || topicEnds {
                if patternEnds && topicEnds { return true }
                // "a/#" passes "a" itself.
                return topicEnds && pattern[patternLevel.endIndex...].elementsEqual("/#".utf8)
            }
            pattern = pattern[pattern.index(after: patternLevel.endIndex)...]
            topic = topic[topic.index(after: topicLevel.endIndex)...]
        }
    }

    /// Whether the pattern is well formed: wildcards stand alone in a level, and `#` last.
    public var isValid: Bool {
        guard !pattern.isEmpty, pattern.utf8.count <= 65_535, !pattern.utf8.contains(0) else { return false }
        let levels = pattern.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return levels.enumerated().allSatisfy { index, level in
            guard level.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }) else { return true }
            return level.count == 1 && (level.first == UInt8(ascii: "+") || index == levels.count - 1)
        }
    }

    /// Whether a message may be published on a topic: 1 to 65535 bytes without wildcards or NUL.
    public static func isValidTopic(_ topic: String) -> Bool {
        !topic.isEmpty && topic.utf8.count <= 65_535
            && !topic.utf8.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") || $0 == 0 }
    }
}
