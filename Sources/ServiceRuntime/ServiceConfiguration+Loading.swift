import Configuration
import JSON
import SystemPackage

extension ServiceConfiguration {
    /// Bytes of a configuration file at most.
    private static let fileLimit = 1 << 20

    /// Reads a service's configuration: flags before environment before file before defaults.
    ///
    /// - Parameters:
    ///   - keys: the service's own; ``ServiceKeys`` come with every service.
    ///   - file: path of a JSON file, whose keys must all be known.
    ///   - flags: `key=value` each; the last one counts.
    ///   - environment: variables beginning with `RETORT_` count; others there that are unknown are left to others.
    /// - Throws: ``ConfigurationError`` that names the key at fault and where it stands.
    public static func load(
        executable: String, keys: [ConfigurationKey], file: String?, flags: [String], environment: [String: String]
    ) throws(ConfigurationError) -> ServiceConfiguration {
        let keys = ServiceKeys.all + keys
        var byName: [String: ConfigurationKey] = [:]
        for key in keys {
            precondition(byName.updateValue(key, forKey: key.name) == nil, "\(key.name) is declared twice")
        }
        let layers = [
            try values(flags: flags, byName), try values(environment: environment, keys),
            try file.map { path throws(ConfigurationError) in try values(file: path, byName) } ?? [:],
            try defaults(keys),
        ]
        let names = ["flags", "environment", "file", "defaults"]
        let reader = ConfigReader(
            providers: zip(names, layers).map { InMemoryProvider(name: $0, values: $1) })
        var texts: [String: String] = [:]
        for key in keys where layers.contains(where: { $0[key.path] != nil }) {
            texts[key.name] = try text(of: key, reader)
        }
        return try ServiceConfiguration(executable: executable, keys: keys, values: texts)
    }

    private typealias Layer = [AbsoluteConfigKey: ConfigValue]

    private static func values(
        flags: [String], _ keys: [String: ConfigurationKey]
    ) throws(ConfigurationError) -> Layer {
        var layer: Layer = [:]
        for flag in flags {
            guard let equals = flag.firstIndex(of: "=") else {
                throw ConfigurationError(key: flag, "--set \(flag): write --set key=value")
            }
            let name = String(flag[..<equals])
            guard let key = keys[name] else { throw unknown(name, "--set", keys) }
            layer[key.path] = try key.value(text: String(flag[flag.index(after: equals)...]), source: "--set")
        }
        return layer
    }

    private static func values(
        environment: [String: String], _ keys: [ConfigurationKey]
    ) throws(ConfigurationError) -> Layer {
        var layer: Layer = [:]
        for key in keys {
            guard let text = environment[key.environmentName] else { continue }
            layer[key.path] = try key.value(text: text, source: key.environmentName)
        }
        return layer
    }

    private static func defaults(_ keys: [ConfigurationKey]) throws(ConfigurationError) -> Layer {
        var layer: Layer = [:]
        for key in keys {
            guard let text = key.defaultValue else { continue }
            layer[key.path] = try key.value(text: text, source: "the defaults")
        }
        return layer
    }

    private static func values(
        file path: String, _ keys: [String: ConfigurationKey]
    ) throws(ConfigurationError) -> Layer {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: try StateDirectory.read(FilePath(path), limit: fileLimit))
        } catch {
            throw ConfigurationError("\(path): \(error)")
        }
        guard case .object(let root) = document else {
            throw ConfigurationError("\(path): a configuration file holds a JSON object")
        }
        var layer: Layer = [:]
        func read(_ object: JSONObject, _ prefix: String) throws(ConfigurationError) {
            for (name, value) in object {
                let full = prefix + name
                if let key = keys[full] {
                    layer[key.path] = try key.value(json: value, source: path)
                } else if case .object(let inner) = value, keys.keys.contains(where: { $0.hasPrefix(full + ".") }) {
                    try read(inner, full + ".")
                } else {
                    throw unknown(full, path, keys)
                }
            }
        }
        try read(root, "")
        return layer
    }

    private static func unknown(
        _ name: String, _ source: String, _ keys: [String: ConfigurationKey]
    ) -> ConfigurationError {
        let group = name.prefix { $0 != "." }
        let near = keys.keys.filter { $0.hasPrefix(group + ".") }.sorted()
        let hint = near.isEmpty ? "see --help" : "known are \(near.joined(separator: ", "))"
        return ConfigurationError(key: name, "\(source): there is no configuration key \"\(name)\"; \(hint)")
    }

    /// The effective value; `required` reads say so where a value is not of the key's kind.
    private static func text(of key: ConfigurationKey, _ reader: ConfigReader) throws(ConfigurationError) -> String {
        let path = ConfigKey(key.path.components)
        do {
            switch key.kind {
            case .string: return try reader.requiredString(forKey: path, isSecret: key.isSecret)
            case .integer: return String(try reader.requiredInt(forKey: path, isSecret: key.isSecret))
            case .number: return String(try reader.requiredDouble(forKey: path, isSecret: key.isSecret))
            case .boolean: return String(try reader.requiredBool(forKey: path, isSecret: key.isSecret))
            case .list:
                return try reader.requiredStringArray(forKey: path, isSecret: key.isSecret).joined(separator: ",")
            }
        } catch {
            throw ConfigurationError(key: key.name, "\(key.name): \(error)")
        }
    }
}
