import JSON

/// A resolved SenML record (RFC 8428): base values are worked in, the time is absolute or relative to now.
struct SenMLRecord: Sendable, Equatable {
    /// The name without the base name.
    var name: String
    var baseName: String
    var unit: String?
    var value: Value
    /// Unix seconds, or nothing for "now"; ``lag`` then is how long before.
    var t: Double?
    /// Seconds before the message, where there is no absolute time.
    var lag: Double

    enum Value: Sendable, Equatable {
        case number(Double), bool(Bool), text(String)
        /// Bytes, or only a sum.
        case other
    }

    var fullName: String { baseName + name }

    /// Below this, a time is relative to now (RFC 8428, section 4.5.3).
    static let relativeLimit = Double(1 << 28)
    static let maximumRecords = 100_000

    /// - Throws: ``SourceError`` `.payload`.
    static func read(json bytes: [UInt8]) throws(SourceError) -> [SenMLRecord] {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: bytes, maximumDepth: 16, maximumBytes: SourceReader.maximumBytes)
        } catch { throw SourceError(.payload, "SenML: \(error)") }
        guard case .array(let elements) = document else {
            throw SourceError(.payload, "SenML: a pack is an array of records, not a \(document.kind)")
        }
        var resolver = Resolver()
        for (index, element) in elements.enumerated() {
            guard case .object(let object) = element else {
                throw SourceError(.payload, "SenML: record \(index) is no object")
            }
            var fields: [String: Field] = [:]
            for (key, value) in object { fields[key] = Field(value) }
            try resolver.add(fields, index)
        }
        return resolver.records
    }

    /// - Throws: ``SourceError`` `.payload` or `.tooLarge`.
    static func read(cbor bytes: [UInt8]) throws(SourceError) -> [SenMLRecord] {
        guard case .array(let elements) = try CBORReader.read(bytes) else {
            throw SourceError(.payload, "SenML: a pack is an array of records")
        }
        var resolver = Resolver()
        for (index, element) in elements.enumerated() {
            guard case .map(let members) = element else {
                throw SourceError(.payload, "SenML: record \(index) is no map")
            }
            var fields: [String: Field] = [:]
            for (key, value) in members {
                let label: String
                switch key {
                case .integer(let number): label = labels[number] ?? "\(number)"
                case .text(let text): label = text
                default: throw SourceError(.payload, "SenML: record \(index) has a label that is no integer or text")
                }
                guard fields.updateValue(Field(value), forKey: label) == nil else {
                    throw SourceError(.payload, "SenML: record \(index) has \(label) twice")
                }
            }
            try resolver.add(fields, index)
        }
        return resolver.records
    }

    /// RFC 8428, section 6.
    private static let labels: [Int64: String] = [
        -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s",
        6: "t", 7: "ut", 8: "vd",
    ]

    private enum Field {
        case number(Double), bool(Bool), text(String), other

        init(_ value: JSONValue) {
            if let number = value.number {
                self = .number(number)
            } else if let text = value.string {
                self = .text(text)
            } else if let bool = value.bool {
                self = .bool(bool)
            } else {
                self = .other
            }
        }

        init(_ value: CBORValue) {
            switch value {
            case .integer(let number): self = .number(Double(number))
            case .double(let number): self = .number(number)
            case .text(let text): self = .text(text)
            case .bool(let bool): self = .bool(bool)
            case .bytes, .array, .map, .null: self = .other
            }
        }
    }

    /// Carries the base values from record to record.
    private struct Resolver {
        var records: [SenMLRecord] = []
        private var baseName = ""
        private var baseTime = 0.0
        private var baseUnit: String?
        private var baseValue = 0.0

        mutating func add(_ fields: [String: Field], _ index: Int) throws(SourceError) {
            guard records.count < SenMLRecord.maximumRecords else {
                throw SourceError(.tooLarge, "SenML: more than \(SenMLRecord.maximumRecords) records")
            }
            // RFC 8428, section 4.4: what ends in "_" must be understood.
            if let label = fields.keys.sorted().first(where: { $0.hasSuffix("_") }) {
                throw SourceError(.payload, "SenML: record \(index) needs the unknown field \(label)")
            }
            if let version = try number(fields, "bver", index), version > 10 {
                throw SourceError(.payload, "SenML: version \(version) is unknown; 10 is read")
            }
            baseName = try text(fields, "bn", index) ?? baseName
            baseTime = try number(fields, "bt", index) ?? baseTime
            baseUnit = try text(fields, "bu", index) ?? baseUnit
            baseValue = try number(fields, "bv", index) ?? baseValue
            let name = try text(fields, "n", index) ?? ""
            let value: Value
            if let number = try number(fields, "v", index) {
                value = .number(number + baseValue)
            } else if case .bool(let flag) = fields["vb"] {
                value = .bool(flag)
            } else if let text = try text(fields, "vs", index) {
                value = .text(text)
            } else if fields["vd"] != nil || fields["s"] != nil {
                value = .other
            } else if fields["bv"] != nil, fields["n"] != nil {
                value = .number(baseValue)
            } else {
                // A record of base values alone.
                guard fields["n"] == nil else { throw SourceError(.payload, "SenML: record \(index) has no value") }
                return
            }
            guard !(baseName + name).isEmpty else { throw SourceError(.payload, "SenML: record \(index) has no name") }
            let t = baseTime + (try number(fields, "t", index) ?? 0)
            let isAbsolute = t >= SenMLRecord.relativeLimit
            records.append(
                SenMLRecord(
                    name: name, baseName: baseName, unit: try text(fields, "u", index) ?? baseUnit, value: value,
                    t: isAbsolute ? t : nil, lag: isAbsolute ? 0 : -t))
        }

        private func number(_ fields: [String: Field], _ label: String, _ index: Int) throws(SourceError) -> Double? {
            guard let field = fields[label] else { return nil }
            guard case .number(let number) = field, number.isFinite else {
                throw SourceError(.payload, "SenML: \(label) of record \(index) is no number")
            }
            return number
        }

        private func text(_ fields: [String: Field], _ label: String, _ index: Int) throws(SourceError) -> String? {
            guard let field = fields[label] else { return nil }
            guard case .text(let text) = field, text.utf8.count <= 1024 else {
                throw SourceError(.payload, "SenML: \(label) of record \(index) is no text of at most 1024 bytes")
            }
            return text
        }
    }
}
