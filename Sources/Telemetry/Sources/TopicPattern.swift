/// An MQTT filter whose wildcards may have names: `zigbee2mqtt/{device}`, `{device}/sensor/{sensor}/state`.
///
/// A level is a literal, `+` or `{name}` for one level, `{name+}` for one or more levels (once in a pattern, anywhere),
/// or, at the end, `#` for any number of levels. As in MQTT, a pattern that begins with a wildcard leaves topics that
/// begin with `$` alone.
public struct TopicPattern: Sendable, Equatable {
    enum Level: Sendable, Equatable {
        case literal(String)
        /// One level; without a name it is `+`.
        case one(String?)
        /// One or more levels.
        case several(String)
        /// None or more levels.
        case rest

        /// Greater is more specific.
        var rank: Int {
            switch self {
            case .literal: 3
            case .one: 2
            case .several: 1
            case .rest: 0
            }
        }

        var name: String? {
            switch self {
            case .one(let name): name
            case .several(let name): name
            case .literal, .rest: nil
            }
        }
    }

    public let text: String
    let levels: [Level]

    /// - Throws: ``SourceError`` `.file` that says which level is wrong.
    public init(_ text: String) throws(SourceError) {
        self.text = text
        guard !text.isEmpty, text.utf8.count <= 1024 else {
            throw SourceError(.file, "an MQTT filter of 1 to 1024 bytes is needed")
        }
        var levels: [Level] = []
        let parts = Self.split(text)
        for (index, part) in parts.enumerated() {
            let level = try Self.level(part, isLast: index == parts.count - 1)
            if let name = level.name, levels.contains(where: { $0.name == name }) {
                throw SourceError(.file, "{\(name)} stands twice in \"\(text)\"; give each level its own name")
            }
            levels.append(level)
        }
        let open = levels.count { $0.rank < 2 }
        guard open <= 1 else {
            throw SourceError(.file, "only one {name+} or # may stand in \"\(text)\"")
        }
        self.levels = levels
    }

    private static func level(_ part: String, isLast: Bool) throws(SourceError) -> Level {
        if part == "+" { return .one(nil) }
        if part == "#" {
            guard isLast else {
                throw SourceError(.file, "# stands at the end of a filter only; use {name+} before it")
            }
            return .rest
        }
        if part.hasPrefix("{"), part.hasSuffix("}") {
            let inner = part.dropFirst().dropLast()
            let isOpen = inner.hasSuffix("+")
            let name = String(isOpen ? inner.dropLast() : inner)
            guard isName(name) else {
                throw SourceError(.file, "\"\(part)\" is no capture: a name of letters, digits and _ stands in braces")
            }
            return isOpen ? .several(name) : .one(name)
        }
        guard !part.contains(where: { "+#{}".contains($0) }) else {
            throw SourceError(.file, "\"\(part)\": a wildcard or {name} takes a whole level between slashes")
        }
        return .literal(part)
    }

    static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
                default: false
                }
            }
    }

    /// Names of what is captured.
    public var names: [String] { levels.compactMap(\.name) }

    /// What is subscribed to: the same filter in MQTT's own wildcards, perhaps wider.
    public var subscription: String {
        var parts: [String] = []
        for level in levels {
            switch level {
            case .literal(let text): parts.append(text)
            case .one: parts.append("+")
            case .several, .rest:
                parts.append("#")
                return parts.joined(separator: "/")
            }
        }
        return parts.joined(separator: "/")
    }

    /// What the names stand for in a topic; nothing where the topic does not match.
    public func match(_ topic: String) -> [String: String]? { match(Self.split(topic)) }

    static func split(_ topic: String) -> [String] {
        topic.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }

    func match(_ parts: [String]) -> [String: String]? {
        if parts[0].hasPrefix("$") {
            guard case .literal = levels[0] else { return nil }
        }
        // Levels that the one open wildcard takes.
        let open = parts.count - (levels.count - 1)
        guard levels.contains(where: { $0.rank < 2 }) ? open >= 0 : parts.count == levels.count else { return nil }
        var captures: [String: String] = [:]
        var at = 0
        for level in levels {
            switch level {
            case .literal(let text):
                guard parts[at] == text else { return nil }
                at += 1
            case .one(let name):
                if let name { captures[name] = parts[at] }
                at += 1
            case .several(let name):
                guard open >= 1 else { return nil }
                captures[name] = parts[at..<at + open].joined(separator: "/")
                at += open
            case .rest: at += open
            }
        }
        return captures
    }

    /// Whether both match the same topics, whatever their captures are called.
    func isSame(as other: TopicPattern) -> Bool {
        levels.count == other.levels.count
            && zip(levels, other.levels).allSatisfy { a, b in
                if case .literal = a { a == b } else { a.rank == b.rank }
            }
    }

    /// Whether this one is asked before another: at the first level in which they differ in kind, a literal comes before
    /// one level and that before many; then the longer pattern comes first.
    func isMoreSpecific(than other: TopicPattern) -> Bool {
        for (a, b) in zip(levels, other.levels) where a.rank != b.rank { return a.rank > b.rank }
        return levels.count > other.levels.count
    }
}
