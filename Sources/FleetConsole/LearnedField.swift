import JSON

/// What was seen of one value of a publisher's messages.
struct LearnedField: Sendable {
    enum Kind: String, Sendable { case number, boolean, text, array }

    static let maximumTexts = 8
    static let maximumTimes = 500

    /// Keys and places that lead to it; of a bare value none.
    private(set) var path: [String]
    /// Whether the path is that of a bare value: levels of its topic.
    private(set) var isBare = false
    private(set) var count = 0
    private(set) var numbers = 0
    private(set) var booleans = 0
    private(set) var arrays = 0
    /// Different texts, up to one more than are told apart.
    private(set) var texts: [String] = []
    private(set) var minimum = Double.infinity
    private(set) var maximum = -Double.infinity
    private(set) var example = ""
    /// When it came, where that is known.
    private(set) var times: [Double] = []
    private var changes = 0
    private var last: JSONValue?

    init(path: [String]) { self.path = path }

    mutating func add(_ value: JSONValue, at time: Double?) {
        guard value != .null else { return }
        count += 1
        if let last, last != value { changes += 1 }
        last = value
        if let time, times.count < Self.maximumTimes { times.append(time) }
        switch value {
        case .bool: booleans += 1
        case .array, .numbers: arrays += 1
        case .string(let text):
            if !texts.contains(text), texts.count <= Self.maximumTexts { texts.append(text) }
        default:
            guard let number = value.number else { return }
            numbers += 1
            minimum = min(minimum, number)
            maximum = max(maximum, number)
        }
        example = String(value.text.prefix(24))
    }

    /// The same under the levels of a topic that name a bare value.
    func named(_ levels: [String]) -> LearnedField {
        var field = self
        field.path = levels
        field.isBare = true
        return field
    }

    /// The last key, for names.
    var name: String { path.last { Int($0) == nil } ?? "value" }

    var kind: Kind {
        if arrays > 0 { return .array }
        if !texts.isEmpty { return .text }
        return booleans > numbers ? .boolean : .number
    }

    /// Samples a second, where it comes steadily: four of five intervals within a quarter of their median.
    var rate: Double? {
        let intervals = zip(times.dropFirst(), times).map { $0 - $1 }.sorted()
        guard intervals.count >= 4 else { return nil }
        let median = intervals[intervals.count / 2]
        guard median > 0 else { return nil }
        let steady = intervals.count { abs($0 - median) <= median / 4 }
        guard 5 * steady >= 4 * intervals.count else { return nil }
        return Self.rounded(1 / median)
    }

    /// Of numbers alone: what has two or a few states holds one until the next, and there is nothing in between.
    var steadyRate: Double? { kind == .number ? rate : nil }

    var longestInterval: Double? { zip(times.dropFirst(), times).map { $0 - $1 }.max() }

    /// To three digits.
    static func rounded(_ value: Double) -> Double {
        guard value > 0 else { return value }
        var scale = 1.0
        while value * scale < 100 { scale *= 10 }
        while value * scale >= 1000 { scale /= 10 }
        return (value * scale).rounded() / scale
    }

    /// As a sources file writes it.
    var pathText: String {
        path.enumerated().reduce(into: "") { text, step in
            if Int(step.element) != nil {
                text += "[\(step.element)]"
            } else if step.element.isEmpty || step.element.contains(where: { ".[]\"".contains($0) }) {
                text += "[\"\(step.element)\"]"
            } else {
                text += (step.offset > 0 ? "." : "") + step.element
            }
        }
    }
}
