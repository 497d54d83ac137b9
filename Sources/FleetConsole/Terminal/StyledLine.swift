/// A line of text whose parts may be coloured: cut and aligned by what is seen, coloured last.
public struct StyledLine: Sendable, Equatable {
    /// How a part looks on a terminal with colours. None says what the words do not say too.
    public enum Style: String, Sendable {
        case plain = "0"
        case bold = "1"
        case dim = "2"
        case bad = "31"
        case good = "32"
        case warning = "33"
        case accent = "36"
    }

    private var parts: [(text: String, style: Style)]

    /// - Parameter text: shown without control characters: it may come from the bus.
    public init(_ text: String = "", _ style: Style = .plain) {
        parts = text.isEmpty ? [] : [(TextTable.printable(text), style)]
    }

    public static func == (a: Self, b: Self) -> Bool {
        a.parts.count == b.parts.count && zip(a.parts, b.parts).allSatisfy { $0 == $1 }
    }

    public static func + (a: Self, b: Self) -> Self {
        var sum = a
        sum.parts += b.parts
        return sum
    }

    public static func += (a: inout Self, b: Self) { a.parts += b.parts }

    /// Adds a part.
    public mutating func append(_ text: String, _ style: Style = .plain) { self += StyledLine(text, style) }

    /// What is read, without colours.
    public var text: String { parts.map(\.text).joined() }

    public var count: Int { parts.reduce(0) { $0 + $1.text.count } }

    /// At least so wide, by spaces behind it.
    public func padded(_ width: Int) -> Self {
        count >= width ? self : self + StyledLine(String(repeating: " ", count: width - count))
    }

    /// At most so wide.
    public func cut(_ width: Int) -> Self {
        var cut = StyledLine()
        var left = max(0, width)
        for part in parts where left > 0 {
            let text = String(part.text.prefix(left))
            left -= text.count
            cut.parts.append((text, part.style))
        }
        return cut
    }

    /// The line as it is written.
    public func rendered(colour: Bool) -> String {
        guard colour else { return text }
        return parts.map { part in
            part.style == .plain ? part.text : "\u{1B}[\(part.style.rawValue)m\(part.text)\u{1B}[0m"
        }.joined()
    }
}
