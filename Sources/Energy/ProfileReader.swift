import JSON

/// Reads the members of a profile's document, every number with the source that gives it.
///
/// Unknown keys are refused, so that a misspelt one never goes by as a default.
struct ProfileReader {
    private let reader: JSONObjectReader
    /// Names the document in messages.
    private let document: String
    private let path: String

    init(_ reader: JSONObjectReader, document: String, path: String = "") {
        self.reader = reader
        self.document = document
        self.path = path
    }

    /// A document's outermost object, of which `kind` stands in messages.
    init(_ json: JSONValue, kind: String) throws(EnergyError) {
        do throws(JSONError) {
            let reader = try JSONObjectReader(json)
            let name = try reader.optionalString("name") ?? "the \(kind)"
            self.init(reader, document: name)
        } catch { throw EnergyError(.invalidProfile, "the \(kind): \(error.description)") }
    }

    func key(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    func fault(_ name: String, _ message: String) -> EnergyError {
        EnergyError(.invalidProfile, "\(document): \(key(name)) \(message)")
    }

    func refuseUnknown(_ known: [String]) throws(EnergyError) {
        for name in reader.object.keys where !known.contains(name) {
            throw fault(
                name, "is no key of a profile; remove it, or did you mean one of \(known.joined(separator: ", "))?")
        }
    }

    func object(_ name: String) throws(EnergyError) -> ProfileReader {
        let found = try read(name) { (reader) throws(JSONError) in try reader.optionalObject(name) }
        guard let found else { throw fault(name, "is missing; add the object") }
        return ProfileReader(found, document: document, path: key(name))
    }

    func has(_ name: String) -> Bool { reader.object[name] != nil }

    func text(_ name: String) throws(EnergyError) -> String {
        let text = try read(name) { (reader) throws(JSONError) in try reader.optionalString(name) }
        guard let text, !text.isEmpty else { throw fault(name, "is missing; add a text") }
        return text
    }

    func flag(_ name: String) throws(EnergyError) -> Bool {
        try read(name) { (reader) throws(JSONError) in try reader.optionalBool(name) } ?? false
    }

    func count(_ name: String) throws(EnergyError) -> Int {
        let count = try read(name) { (reader) throws(JSONError) in try reader.optionalInteger(name) }
        guard let count, count >= 1 else { throw fault(name, "must be a whole number of at least 1") }
        return count
    }

    func elements(_ name: String) throws(EnergyError) -> [JSONValue] {
        let elements = try read(name) { (reader) throws(JSONError) in try reader.optionalElements(name) }
        guard let elements, !elements.isEmpty else { throw fault(name, "is missing; list at least one") }
        return elements
    }

    /// `{"value": …, "low": …, "high": …, "source": "…"}`; without bounds, the value is taken as exact.
    ///
    /// - Parameter sources: takes the source under the number's key.
    func quantity(_ name: String, into sources: inout [String: String]) throws(EnergyError) -> EnergyBounds {
        guard has(name) else {
            throw fault(name, "is missing; add {\"value\": …, \"low\": …, \"high\": …, \"source\": \"…\"}")
        }
        let member = try object(name)
        try member.refuseUnknown(["value", "low", "high", "source"])
        guard let value = try member.number("value") else { throw member.fault("value", "is missing; add the number") }
        let low = try member.number("low") ?? value
        let high = try member.number("high") ?? value
        guard low >= 0, low <= value, value <= high else {
            throw fault(
                name,
                "has bounds that do not enclose its value: 0 ≤ low ≤ value ≤ high must hold, not "
                    + "\(low), \(value), \(high)")
        }
        guard member.has("source") else {
            throw member.fault("source", "is missing; say where the number comes from: a data sheet, a measurement")
        }
        sources[key(name)] = try member.text("source")
        return EnergyBounds(value, low: low, high: high)
    }

    /// A quantity above 0, as what is divided by it needs.
    func positive(_ name: String, into sources: inout [String: String]) throws(EnergyError) -> EnergyBounds {
        let bounds = try quantity(name, into: &sources)
        guard bounds.low > 0 else { throw fault(name, "must be above 0 in value and low") }
        return bounds
    }

    /// A whole number of bytes.
    func bytes(_ name: String, into sources: inout [String: String]) throws(EnergyError) -> Int {
        let bounds = try quantity(name, into: &sources)
        guard bounds.low == bounds.high, let bytes = Int(exactly: bounds.value) else {
            throw fault(name, "must be one whole number of bytes, without low and high")
        }
        return bytes
    }

    private func number(_ name: String) throws(EnergyError) -> Double? {
        let number = try read(name) { (reader) throws(JSONError) in try reader.optionalNumber(name) }
        guard number?.isFinite ?? true else { throw fault(name, "is no finite number") }
        return number
    }

    private func read<T>(
        _ name: String, _ body: (JSONObjectReader) throws(JSONError) -> T?
    ) throws(EnergyError) -> T? {
        do throws(JSONError) { return try body(reader) } catch {
            throw EnergyError(.invalidProfile, "\(document): \(key(name)): \(error.message)")
        }
    }

    /// Checks a name with its revision: `cortex-m4@2`.
    static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let revision = Int(parts[1]), revision >= 1 else { return false }
        return parts[0].utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
    }

    func revisionedName() throws(EnergyError) -> String {
        let name = try text("name")
        guard Self.isName(name) else {
            throw fault("name", "must be [a-z0-9._-]+ with a revision, as in my-node@1, not \"\(name)\"")
        }
        return name
    }
}

extension EnergyBounds {
    /// As a profile's document writes it.
    func json(source: String) -> JSONValue {
        var object: JSONObject = ["value": JSONValue(exactly: value)]
        if low != value || high != value {
            object["low"] = JSONValue(exactly: low)
            object["high"] = JSONValue(exactly: high)
        }
        object["source"] = .string(source)
        return .object(object)
    }
}
