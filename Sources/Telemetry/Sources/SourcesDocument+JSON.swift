public import JSON

extension SourcesDocument {
    /// Reads a sources file strictly: every key must be known.
    ///
    /// - Throws: ``SourceError`` `.file` that names the key and says what to do.
    public init(file bytes: [UInt8]) throws(SourceError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes, maximumDepth: 16, maximumBytes: 4 << 20)
        } catch { throw SourceError(.file, "no JSON document: \(error)") }
        try self.init(json: json)
    }

    /// - Throws: ``SourceError`` `.file` that names the key and says what to do.
    public init(json: JSONValue) throws(SourceError) {
        let reader = try StrictReader(json, "", ["format", "about", "sources"])
        let format = try reader.read { (object) throws(JSONError) in try object.integer("format") }
        guard format == Self.currentFormat else {
            throw SourceError(.file, "format: \(format) is unknown; this version reads \(Self.currentFormat)")
        }
        let elements = try reader.read { (object) throws(JSONError) in try object.elements("sources") }
        guard (1...Self.maximumSources).contains(elements.count) else {
            throw SourceError(.file, "sources: 1 to \(Self.maximumSources) are needed, not \(elements.count)")
        }
        sources = []
        for (index, element) in elements.enumerated() {
            let source = try SensorSource(element, "sources[\(index)]")
            if let same = sources.firstIndex(where: { $0.name == source.name }) {
                throw SourceError(.file, "sources[\(index)].name: sources[\(same)] has the same; give it another")
            }
            if let same = sources.firstIndex(where: { $0.topic.isSame(as: source.topic) }) {
                throw SourceError(
                    .file,
                    "sources[\(index)].topic: matches the same topics as sources[\(same)]; put their channels together")
            }
            sources.append(source)
        }
    }
}

/// An object of which every key must be known.
struct StrictReader {
    let object: JSONObjectReader
    let path: String

    init(_ json: JSONValue, _ path: String, _ known: [String]) throws(SourceError) {
        do throws(JSONError) {
            object = try JSONObjectReader(json, path: path)
        } catch { throw SourceError(.file, "\(error)") }
        self.path = path
        for key in object.object.keys where !known.contains(key) {
            throw SourceError(.file, "\(name(key)): unknown; known here are \(known.joined(separator: ", "))")
        }
    }

    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func read<T>(_ body: (JSONObjectReader) throws(JSONError) -> T) throws(SourceError) -> T {
        do throws(JSONError) { return try body(object) } catch { throw SourceError(.file, "\(error)") }
    }

    /// Names the key in what a part of its value is refused for.
    func part<T>(_ key: String, _ body: () throws(SourceError) -> T) throws(SourceError) -> T {
        do throws(SourceError) { return try body() } catch { throw fault(key, error.message) }
    }

    func string(_ key: String) throws(SourceError) -> String? {
        try read { (object) throws(JSONError) in try object.optionalString(key) }
    }

    /// A number within bounds.
    func number(_ key: String, _ bounds: ClosedRange<Double>, _ meaning: String) throws(SourceError) -> Double? {
        guard let value = try read({ (object) throws(JSONError) in try object.optionalNumber(key) }) else { return nil }
        guard bounds.contains(value) else {
            throw fault(key, "\(value) is no \(meaning) from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return value
    }

    /// That none of some keys is there.
    func none(of keys: [String], _ reason: String) throws(SourceError) {
        for key in keys where object.object[key] != nil { throw fault(key, "\(reason); take it out") }
    }

    func fault(_ key: String, _ reason: String) -> SourceError { SourceError(.file, "\(name(key)): \(reason)") }
}
