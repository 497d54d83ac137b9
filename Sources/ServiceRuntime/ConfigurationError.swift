/// A configuration that cannot be used, with the key at fault.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    public let key: String?
    public let message: String

    public init(key: String? = nil, _ message: String) {
        self.key = key
        self.message = message
    }

    public var description: String { message }
}
