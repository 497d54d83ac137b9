/// Reads typed members of an object, and names the path of what is missing or of the wrong type.
public struct JSONObjectReader: Sendable {
    public let object: JSONObject
    public let path: String

    /// - Throws: ``JSONError`` `.wrongType` where `value` is no object.
    public init(_ value: JSONValue, path: String = "") throws(JSONError) {
        guard case .object(let object) = value else {
            throw JSONError(
                .wrongType,
                path.isEmpty
                    ? "expected an object, not \(value.kind)" : "\(path): expected an object, not \(value.kind)")
        }
        self.object = object
        self.path = path
    }

    private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The member, or nothing where it is absent or null.
    public func optional<T>(_ key: String, _ kind: String, _ convert: (JSONValue) -> T?) throws(JSONError) -> T? {
        guard let value = object[key], value != .null else { return nil }
        guard let converted = convert(value) else {
            throw JSONError(.wrongType, "\(name(key)): expected \(kind), not \(value.kind)")
        }
        return converted
    }

    private func required<T>(_ key: String, _ value: T?) throws(JSONError) -> T {
        guard let value else { throw JSONError(.missingKey, "\(name(key)) is missing") }
        return value
    }

    public func optionalString(_ key: String) throws(JSONError) -> String? { try optional(key, "a string", \.string) }
    public func optionalNumber(_ key: String) throws(JSONError) -> Double? { try optional(key, "a number", \.number) }
    public func optionalBool(_ key: String) throws(JSONError) -> Bool? { try optional(key, "a boolean", \.bool) }
    public func optionalInteger(_ key: String) throws(JSONError) -> Int? {
        try optional(key, "an integer") { $0.integer.flatMap(Int.init(exactly:)) }
    }
    public func optionalElements(_ key: String) throws(JSONError) -> [JSONValue]? {
        try optional(key, "an array", \.elements)
    }
    public func optionalNumbers(_ key: String) throws(JSONError) -> [Double]? {
        try optional(key, "an array of numbers", \.numberArray)
    }
    public func optionalStrings(_ key: String) throws(JSONError) -> [String]? {
        try optional(key, "an array of strings") { value in
            value.elements.flatMap { elements in
                let strings = elements.compactMap(\.string)
                return strings.count == elements.count ? strings : nil
            }
        }
    }
    public func optionalObject(_ key: String) throws(JSONError) -> JSONObjectReader? {
        guard let value = object[key], value != .null else { return nil }
        return try JSONObjectReader(value, path: name(key))
    }

    public func string(_ key: String) throws(JSONError) -> String { try required(key, try optionalString(key)) }
    public func number(_ key: String) throws(JSONError) -> Double { try required(key, try optionalNumber(key)) }
    public func bool(_ key: String) throws(JSONError) -> Bool { try required(key, try optionalBool(key)) }
    public func integer(_ key: String) throws(JSONError) -> Int { try required(key, try optionalInteger(key)) }
    public func elements(_ key: String) throws(JSONError) -> [JSONValue] {
        try required(key, try optionalElements(key))
    }
    public func numbers(_ key: String) throws(JSONError) -> [Double] { try required(key, try optionalNumbers(key)) }
    public func strings(_ key: String) throws(JSONError) -> [String] { try required(key, try optionalStrings(key)) }
    public func object(_ key: String) throws(JSONError) -> JSONObjectReader {
        try required(key, try optionalObject(key))
    }

    /// A member that must be one of a closed set of words.
    public func word<Word: RawRepresentable & CaseIterable>(
        _ key: String, as type: Word.Type = Word.self
    ) throws(JSONError) -> Word where Word.RawValue == String {
        let text = try string(key)
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw JSONError(.wrongType, "\(name(key)): \"\(text)\" is none of \(known)")
        }
        return word
    }
}
