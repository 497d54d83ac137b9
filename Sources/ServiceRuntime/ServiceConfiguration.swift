/// The effective configuration of a service: every value read once, checked, and shown by `--print-config`.
public struct ServiceConfiguration: Sendable {
    public let executable: String
    public let keys: [ConfigurationKey]
    private let values: [String: String]

    /// For tests and the runner: values by key name, as text.
    ///
    /// - Throws: ``ConfigurationError`` for a value of a key that is not declared.
    public init(executable: String, keys: [ConfigurationKey], values: [String: String]) throws(ConfigurationError) {
        self.executable = executable
        self.keys = keys
        let known = Set(keys.map(\.name))
        for key in values.keys where !known.contains(key) {
            throw ConfigurationError(key: key, "there is no configuration key \"\(key)\"")
        }
        var merged: [String: String] = [:]
        for key in keys { merged[key.name] = values[key.name] ?? key.defaultValue }
        self.values = merged
    }

    /// The effective value as text, also an empty one.
    func text(of key: String) -> String? { values[key] }

    /// Nothing where the key has neither value nor default, or is empty.
    public func optionalString(_ key: String) -> String? {
        values[key].flatMap { $0.isEmpty ? nil : $0 }
    }

    public func string(_ key: String) throws(ConfigurationError) -> String {
        guard let value = values[key] else { throw ConfigurationError(key: key, "\(key) is required") }
        return value
    }

    public func integer(_ key: String) throws(ConfigurationError) -> Int {
        let text = try string(key)
        guard let value = Int(text) else {
            throw ConfigurationError(key: key, "\(key): \"\(text)\" is no integer")
        }
        return value
    }

    public func number(_ key: String) throws(ConfigurationError) -> Double {
        let text = try string(key)
        guard let value = Double(text), value.isFinite else {
            throw ConfigurationError(key: key, "\(key): \"\(text)\" is no number")
        }
        return value
    }

    public func boolean(_ key: String) throws(ConfigurationError) -> Bool {
        switch try string(key) {
        case "true", "yes", "1": return true
        case "false", "no", "0": return false
        case let text: throw ConfigurationError(key: key, "\(key): \"\(text)\" is neither true nor false")
        }
    }

    /// Parts separated by commas, without empty ones.
    public func list(_ key: String) throws(ConfigurationError) -> [String] {
        try string(key).split(separator: ",").map { String($0.trimmingSpaces) }.filter { !$0.isEmpty }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
