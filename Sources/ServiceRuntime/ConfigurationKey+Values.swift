import Configuration
import JSON

extension ConfigurationKey {
    /// The environment variable: `edge.rootFile` is `RETORT_EDGE_ROOT_FILE`.
    public var environmentName: String {
        var name = "RETORT_"
        var previousIsLower = false
        for character in self.name {
            if character.isUppercase && previousIsLower { name.append("_") }
            previousIsLower = character.isLowercase || character.isNumber
            name += character == "." || character == "-" ? "_" : character.uppercased()
        }
        return name
    }

    var path: AbsoluteConfigKey {
        AbsoluteConfigKey(name.split(separator: ".").map(String.init))
    }

    /// A value written as text, in a flag or the environment.
    func value(text: String, source: String) throws(ConfigurationError) -> ConfigValue {
        switch kind {
        case .string: return ConfigValue(.string(text), isSecret: isSecret)
        case .integer:
            guard let value = Int(text) else { throw wrong("\"\(text)\"", "an integer", source) }
            return ConfigValue(.int(value), isSecret: isSecret)
        case .number:
            guard let value = Double(text), value.isFinite else { throw wrong("\"\(text)\"", "a number", source) }
            return ConfigValue(.double(value), isSecret: isSecret)
        case .boolean:
            switch text.lowercased() {
            case "true", "yes", "1": return ConfigValue(.bool(true), isSecret: isSecret)
            case "false", "no", "0": return ConfigValue(.bool(false), isSecret: isSecret)
            default: throw wrong("\"\(text)\"", "true or false", source)
            }
        case .list:
            let parts = text.split(separator: ",").map { part in
                String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            return ConfigValue(.stringArray(parts.filter { !$0.isEmpty }), isSecret: isSecret)
        }
    }

    /// A value of the configuration file.
    func value(json: JSONValue, source: String) throws(ConfigurationError) -> ConfigValue {
        switch (kind, json) {
        case (.string, .string(let text)): return ConfigValue(.string(text), isSecret: isSecret)
        case (.integer, _):
            guard let value = json.integer.flatMap(Int.init(exactly:)) else { throw wrong(json, "an integer", source) }
            return ConfigValue(.int(value), isSecret: isSecret)
        case (.number, _):
            guard let value = json.number, value.isFinite else { throw wrong(json, "a number", source) }
            return ConfigValue(.double(value), isSecret: isSecret)
        case (.boolean, .bool(let value)): return ConfigValue(.bool(value), isSecret: isSecret)
        case (.list, .array(let elements)):
            let texts = elements.compactMap(\.string)
            guard texts.count == elements.count, texts.allSatisfy({ !$0.contains(",") && !$0.isEmpty }) else {
                throw wrong(json, "an array of strings without commas", source)
            }
            return ConfigValue(.stringArray(texts), isSecret: isSecret)
        case (.list, .numbers(let values)) where values.isEmpty:
            return ConfigValue(.stringArray([]), isSecret: isSecret)
        default:
            throw wrong(json, kind == .list ? "an array of strings" : "a \(kind.rawValue)", source)
        }
    }

    private func wrong(_ value: JSONValue, _ expected: String, _ source: String) -> ConfigurationError {
        wrong(value.text.count <= 60 ? value.text : "the \(value.kind)", expected, source)
    }

    private func wrong(_ value: String, _ expected: String, _ source: String) -> ConfigurationError {
        ConfigurationError(key: name, "\(name) from \(source): \(isSecret ? "the value" : value) is not \(expected)")
    }
}
