import JSON

/// What a publisher's value is as a number.
enum ParsedValue: Equatable {
    case number(Double)
    /// null, NaN, "unavailable": the publisher has no value.
    case absent
    case fault(String)

    /// - Parameters:
    ///   - values: numbers that texts and booleans stand for.
    ///   - textNumbers: whether a text may be a number.
    init(_ value: JSONValue, _ values: [String: Double], textNumbers: Bool) {
        switch value {
        case .null: self = .absent
        case .integer, .double: self = .number(value.number ?? .nan)
        case .bool(let flag): self.init(flag, values)
        case .string(let text): self.init(text, values, isNumber: textNumbers)
        case .array, .numbers, .object: self = .fault("is an \(value.kind), not a value")
        }
    }

    init(_ value: SenMLRecord.Value, _ values: [String: Double]) {
        switch value {
        case .number(let number): self = .number(number)
        case .bool(let flag): self.init(flag, values)
        case .text(let text): self.init(text, values, isNumber: false)
        case .other: self = .fault("has bytes or a sum, no value")
        }
    }

    init(_ text: String, _ values: [String: Double], isNumber: Bool) {
        if let number = values[text] {
            self = .number(number)
        } else if isNumber, let number = Double(text) {
            self = number.isFinite ? .number(number) : .absent
        } else if ["nan", "unknown", "unavailable", ""].contains(text.lowercased()) {
            self = .absent
        } else {
            self = .fault("\"\(text.prefix(40))\" is \(isNumber ? "no number" : "a text"); add it to \"values\"")
        }
    }

    private init(_ flag: Bool, _ values: [String: Double]) {
        self = .number(values[flag ? "true" : "false"] ?? (flag ? 1 : 0))
    }
}
