import JSON

extension DeviceProfile {
    /// Largest document read, in bytes.
    private static let limit = 1 << 20

    /// The name without its revision.
    static func hardware(of name: String) -> String { String(name.prefix { $0 != "@" }) }

    /// The built-in profile of exactly that name.
    public static func named(_ name: String) -> DeviceProfile? { builtIn.first { $0.name == name } }

    /// The built-in profile of a name with or without its revision: `cortex-m4`, as tasks name it.
    public static func matching(_ name: String) -> DeviceProfile? {
        named(name) ?? builtIn.last { $0.hardware == name }
    }

    /// A built-in profile by its name, or one of the user's by its file (`*.json`).
    ///
    /// - Throws: ``EnergyError`` `.invalidProfile` where the name is unknown or the document has a fault, `.absent`
    ///   and others where the file cannot be read.
    public static func find(_ text: String) throws(EnergyError) -> DeviceProfile {
        if text.hasSuffix(".json") { return try DeviceProfile(file: text) }
        if let profile = matching(text) { return profile }
        let known = builtIn.map(\.name).joined(separator: ", ")
        guard let newer = matching(hardware(of: text)) else {
            throw EnergyError(
                .invalidProfile, "\"\(text)\" is none of \(known), nor a profile's file (\(text).json?)")
        }
        throw EnergyError(
            .invalidProfile,
            "\"\(text)\" is no longer here: its numbers changed; use \(newer.name), or \(newer.hardware) "
                + "for the newest")
    }

    /// Reads a profile's file.
    ///
    /// - Throws: ``EnergyError``, naming the file, the key and what it needs.
    public init(file: String) throws(EnergyError) {
        let json = try Self.document(file)
        do { try self.init(json: json) } catch { throw EnergyError(error.code, "\(file): \(error.message)") }
    }

    private static func document(_ file: String) throws(EnergyError) -> JSONValue {
        let bytes = try SystemFile.bytes(file, limit: limit)
        do { return try JSONValue(parsing: bytes) } catch {
            throw EnergyError(.invalidProfile, "\(file): no JSON: \(error)")
        }
    }

    /// A document of ours.
    ///
    /// - Precondition: it is a profile; a test reads each.
    static func embedded(_ text: String) -> DeviceProfile {
        do { return try DeviceProfile(json: try JSONValue(parsing: text)) } catch {
            preconditionFailure("a built-in profile has a fault: \(error)")
        }
    }
}

extension RadioProfile {
    /// The built-in radio of a name with or without its revision.
    public static func matching(_ name: String) -> RadioProfile? {
        builtIn.first { $0.name == name } ?? builtIn.last { DeviceProfile.hardware(of: $0.name) == name }
    }

    /// A document of ours.
    ///
    /// - Precondition: it is a radio; a test reads each.
    static func embedded(_ text: String) -> RadioProfile {
        do { return try RadioProfile(json: try JSONValue(parsing: text)) } catch {
            preconditionFailure("a built-in radio has a fault: \(error)")
        }
    }
}
