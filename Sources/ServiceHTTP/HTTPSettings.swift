public import ServiceRuntime
import SystemPackage

/// Where a service answers HTTP, if at all, and who may act there.
public struct HTTPSettings: Sendable, Equatable {
    public static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "http.host", .string, default: "127.0.0.1",
            help: "Address to answer HTTP on; 0.0.0.0 is every one of this machine."),
        ConfigurationKey(
            "http.port", .integer, default: "0", help: "Port for /health, /metrics and more; 0 opens none."),
        ConfigurationKey(
            "http.token", .string, default: nil, isSecret: true,
            help: "What whoever acts over HTTP (labels, jobs) must bring, 16 characters or more; without one it is "
                + "looking only."),
        ConfigurationKey(
            "http.tokenFile", .string, default: nil, help: "File whose first line is that token, instead of http.token."
        ),
    ]

    /// Fewer could be guessed.
    static let tokenLength = 16

    public var host: String
    /// 0 where no port is opened.
    public var port: Int
    /// Nothing: no actions.
    public var token: String?

    /// - Throws: ``ConfigurationError`` that names the key at fault, and never repeats a token.
    public init(_ configuration: ServiceConfiguration) throws(ConfigurationError) {
        host = try configuration.string("http.host")
        port = try configuration.integer("http.port")
        guard (0...65_535).contains(port) else {
            throw ConfigurationError(key: "http.port", "http.port: must be 0 to 65535, not \(port)")
        }
        guard !host.isEmpty else { throw ConfigurationError(key: "http.host", "http.host: is empty") }
        var key = "http.token"
        token = configuration.optionalString(key)
        if let path = configuration.optionalString("http.tokenFile") {
            guard token == nil else {
                throw ConfigurationError(key: key, "http.token and http.tokenFile: one of both, please")
            }
            key = "http.tokenFile"
            token = try Self.firstLine(of: path)
        }
        if let token {
            guard token.utf8.count >= Self.tokenLength, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw ConfigurationError(
                    key: key, "\(key): must be \(Self.tokenLength) or more visible ASCII characters without spaces")
            }
        }
    }

    public init(host: String, port: Int, token: String? = nil) {
        self.host = host
        self.port = port
        self.token = token
    }

    private static func firstLine(of path: String) throws(ConfigurationError) -> String {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly)
            return try file.closeAfter {
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
                let line = bytes[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
                return String(decoding: line, as: UTF8.self)
            }
        } catch {
            throw ConfigurationError(key: "http.tokenFile", "http.tokenFile: \(path) cannot be read: \(error)")
        }
    }
}
