public import ServiceRuntime

/// Where a service answers HTTP, if at all.
public struct HTTPSettings: Sendable, Equatable {
    public static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "http.host", .string, default: "127.0.0.1",
            help: "Address to answer HTTP on; 0.0.0.0 is every one of this machine."),
        ConfigurationKey(
            "http.port", .integer, default: "0", help: "Port for /health, /metrics and more; 0 opens none."),
    ]

    public var host: String
    /// 0 where no port is opened.
    public var port: Int

    /// - Throws: ``ConfigurationError`` that names the key at fault.
    public init(_ configuration: ServiceConfiguration) throws(ConfigurationError) {
        host = try configuration.string("http.host")
        port = try configuration.integer("http.port")
        guard (0...65_535).contains(port) else {
            throw ConfigurationError(key: "http.port", "http.port: must be 0 to 65535, not \(port)")
        }
        guard !host.isEmpty else { throw ConfigurationError(key: "http.host", "http.host: is empty") }
    }

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}
