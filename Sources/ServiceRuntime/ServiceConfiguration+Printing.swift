import BusAPI
public import JSON

extension ServiceConfiguration {
    /// The effective configuration in the form of a configuration file, without secrets.
    public var json: JSONValue {
        var root = JSONObject()
        for key in keys {
            guard let value = jsonValue(of: key) else { continue }
            root = Self.setting(key.name.split(separator: ".")[...], value, in: root)
        }
        return .object(root)
    }

    private func jsonValue(of key: ConfigurationKey) -> JSONValue? {
        guard let text = text(of: key.name) else { return nil }
        if key.isSecret { return .string("redacted") }
        if key.name == "bus.url" {
            // A password may stand in the address.
            guard let url = try? BusURL(text) else { return .string("not an address") }
            return .string(url.password == nil ? text : url.description)
        }
        switch key.kind {
        case .string: return .string(text)
        case .integer: return Int64(text).map { .integer($0) } ?? .string(text)
        case .number: return Double(text).map { JSONValue(exactly: $0) } ?? .string(text)
        case .boolean: return .bool(text == "true")
        case .list: return .array(text.split(separator: ",").map { .string(String($0)) })
        }
    }

    private static func setting(_ path: ArraySlice<Substring>, _ value: JSONValue, in object: JSONObject) -> JSONObject
    {
        guard let first = path.first.map(String.init) else { return object }
        var object = object
        if path.count == 1 {
            object[first] = value
        } else {
            object[first] = .object(setting(path.dropFirst(), value, in: object[first]?.object ?? JSONObject()))
        }
        return object
    }

    /// What `--help` says of the keys, one paragraph each.
    public static func help(for keys: [ConfigurationKey]) -> String {
        let intro = """
            Configuration comes from --set key=value, before environment variables, before the file given with \
            --config, before defaults. The file is JSON: the key a.b stands in it as {"a": {"b": ...}}. \
            --print-config shows what counts.
            """
        let lines = (keys + ServiceKeys.all).map { key in
            let value = key.isSecret ? "" : key.defaultValue.map { $0.isEmpty ? "" : " (default \($0))" } ?? ""
            return "  \(key.name), \(key.environmentName)\n      \(key.kind.rawValue)\(value): \(key.help)"
        }
        return intro + "\n\nKEYS:\n" + lines.joined(separator: "\n")
    }
}
