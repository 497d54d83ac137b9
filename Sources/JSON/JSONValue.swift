/// A JSON document as a tree that keeps key order and exact integers.
///
/// Arrays that hold only numbers are read straight into ``numbers(_:)``, without a node for each element.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    /// An array whose elements are all numbers that a `Double` holds exactly as written or nearest to it;
    /// integers beyond ±2⁵³ are never folded into this case.
    case numbers([Double])
    case object(JSONObject)

    /// The number, whichever way it was written.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The integer, also when written with a fraction of zero (`5.0`).
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The elements of either form of array.
    public var elements: [JSONValue]? {
        switch self {
        case .array(let values): values
        case .numbers(let values): values.map(JSONValue.init(exactly:))
        default: nil
        }
    }

    /// The numbers of either form of array; `nil` where an element is not a number.
    public var numberArray: [Double]? {
        switch self {
        case .numbers(let values): values
        case .array(let values):
            values.reduce(into: Optional([])) { result, element in
                if let number = element.number { result?.append(number) } else { result = nil }
            }
        default: nil
        }
    }

    /// A number in its shortest form: an integer where the value is one.
    public init(exactly value: Double) {
        if let integer = Int64(exactly: value), abs(value) <= 9_007_199_254_740_992 {
            self = .integer(integer)
        } else {
            self = .double(value)
        }
    }

    /// A number rounded to `places` decimals, for payloads that people read.
    public init(_ value: Double, places: Int) {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value * scale).rounded()
        self = scaled.isFinite ? JSONValue(exactly: scaled / scale) : .double(value)
    }

    /// Equal when both mean the same document: neither the order of keys nor the way that a number or an array of
    /// numbers is held counts.
    public static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.integer(let a), .integer(let b)): return a == b
        case (.integer(let a), .double(let b)), (.double(let b), .integer(let a)): return Int64(exactly: b) == a
        case (.double(let a), .double(let b)): return a == b
        case (.string(let a), .string(let b)): return a == b
        case (.object(let a), .object(let b)): return a == b
        case (.numbers(let a), .numbers(let b)): return a == b
        case (.array, .array), (.array, .numbers), (.numbers, .array):
            guard let a = a.elements, let b = b.elements, a.count == b.count else { return false }
            return zip(a, b).allSatisfy { $0 == $1 }
        default: return false
        }
    }

    /// The kind, as error messages name it.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer, .double: "number"
        case .string: "string"
        case .array, .numbers: "array"
        case .object: "object"
        }
    }
}
