/// Finds the source that takes a topic: the most specific of those that match, and of equals the first in the file.
///
/// Exactly one source takes a message. Compared are the patterns' levels from the left: a literal comes before one level,
/// that before several; a topic that a source ignores goes to the next.
public struct SourceMatcher: Sendable {
    /// By the first level, most specific first.
    private var byFirst: [String: [SensorSource]] = [:]
    /// Those that begin with a wildcard.
    private var others: [SensorSource] = []

    public init(_ document: SourcesDocument) {
        let sorted = document.sources.enumerated().sorted { a, b in
            if a.element.topic.isMoreSpecific(than: b.element.topic) { return true }
            return !b.element.topic.isMoreSpecific(than: a.element.topic) && a.offset < b.offset
        }
        for (_, source) in sorted {
            if case .literal(let first) = source.topic.levels[0] {
                byFirst[first, default: []].append(source)
            } else {
                others.append(source)
            }
        }
    }

    /// The source and what its pattern captures; nothing where none takes the topic.
    public func find(_ topic: String) -> (source: SensorSource, captures: [String: String])? {
        let parts = TopicPattern.split(topic)
        for candidates in [byFirst[parts[0]] ?? [], others] {
            for source in candidates {
                if let captures = source.captures(parts) { return (source, captures) }
            }
        }
        return nil
    }
}
