/// The topics below one root, such as `retort/v1`.
public struct TopicSpace: Sendable, Hashable {
    public static let defaultRoot = "retort/v1"

    public let root: String

    public init(root: String = Self.defaultRoot) { self.root = root }

    public func string(_ topic: Topic) -> String { filter(topic.levels) }

    /// A filter below the root, from levels that may be wildcards: `filter("label", "+", "+")`.
    public func filter(_ levels: String...) -> String { filter(levels) }

    private func filter(_ levels: [String]) -> String { root + "/" + levels.joined(separator: "/") }

    /// The topic that a name stands for; nothing for a name outside the root or unknown below it.
    public func parse(_ name: String) -> Topic? {
        guard name.hasPrefix(root + "/") else { return nil }
        return Topic(levels: name.dropFirst(root.count + 1).split(separator: "/", omittingEmptySubsequences: false))
    }

    /// Whether a root can carry topics: levels that are neither empty nor wildcards.
    public static func isValid(root: String) -> Bool {
        root.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.contains("+") && !$0.contains("#") && !$0.contains("$")
        }
    }
}
