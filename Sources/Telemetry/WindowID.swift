/// Names a window: `device@start`, the start in Unix seconds with three decimals.
public struct WindowID: Sendable, Hashable, CustomStringConvertible {
    public let device: String
    /// Start of the window in milliseconds since 1970.
    public let milliseconds: Int64

    public init(device: String, start: Double) {
        self.device = device
        self.milliseconds = Int64((start * 1000).rounded())
    }

    /// Reads ``description``; nothing where the text is no window id.
    public init?(_ text: String) {
        guard let at = text.lastIndex(of: "@"), let start = Double(text[text.index(after: at)...]),
            plausibleTimes.contains(start), Slug.isValid(text[..<at])
        else { return nil }
        self.init(device: String(text[..<at]), start: start)
    }

    public var start: Double { Double(milliseconds) / 1000 }

    public var description: String {
        let fraction = String(milliseconds % 1000)
        return "\(device)@\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }
}
