public import BusAPI
import Telemetry

/// The configuration keys that every service has.
public enum ServiceKeys {
    public static let all: [ConfigurationKey] = [
        ConfigurationKey(
            "bus.url", .string, default: "mqtt://localhost:1883",
            help: "Broker: mqtt://[user[:password]@]host[:port], or mqtts:// for TLS."),
        ConfigurationKey("bus.username", .string, default: nil, help: "User name, instead of one in the URL."),
        ConfigurationKey("bus.password", .string, default: nil, isSecret: true, help: "Password of that user."),
        ConfigurationKey("bus.version", .string, default: "5", help: "MQTT version: 5 or 3.1.1."),
        ConfigurationKey(
            "bus.keepAlive", .integer, default: "15", help: "Seconds without traffic after which the broker is probed."),
        ConfigurationKey(
            "bus.inflight", .integer, default: "1000", help: "Messages that may await the broker's acknowledgement."),
        ConfigurationKey(
            "bus.tls.authorities", .string, default: nil,
            help: "PEM file of the authorities to trust with mqtts; the system's if absent."),
        ConfigurationKey("bus.tls.certificate", .string, default: nil, help: "PEM file of our own certificate."),
        ConfigurationKey("bus.tls.key", .string, default: nil, help: "PEM file of its key."),
        ConfigurationKey(
            "topics.root", .string, default: TopicSpace.defaultRoot, help: "Levels before every topic."),
        ConfigurationKey(
            "service.instance", .string, default: nil,
            help: "Name of this process, unique on the bus, [a-z0-9._-]+; executable-host if absent."),
        ConfigurationKey(
            "service.state", .string, default: nil,
            help: "Folder for what must survive a restart; ~/.local/state/retort/{instance} if absent."),
        ConfigurationKey(
            "log.level", .string, default: "info", help: "trace, debug, info, notice, warning, error or critical."),
    ]
}

extension ServiceConfiguration {
    /// How to reach the broker.
    ///
    /// - Throws: ``ConfigurationError`` that names the key at fault, and never repeats a password.
    public func busOptions(clientID: String) throws(ConfigurationError) -> BusConnectionOptions {
        let url: BusURL
        do {
            url = try BusURL(try string("bus.url"))
        } catch let error as BusError {
            throw ConfigurationError(key: "bus.url", "bus.url: \(error)")
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(key: "bus.url", "bus.url: \(error)")
        }
        let versionText = try string("bus.version")
        guard let version = BusConnectionOptions.ProtocolVersion(rawValue: versionText) else {
            throw ConfigurationError(key: "bus.version", "bus.version: \"\(versionText)\" is neither 5 nor 3.1.1")
        }
        let keepAlive = try integer("bus.keepAlive")
        guard (5...65_535).contains(keepAlive) else {
            throw ConfigurationError(key: "bus.keepAlive", "bus.keepAlive: must be 5 to 65535 s, not \(keepAlive)")
        }
        let inflight = try integer("bus.inflight")
        guard (1...65_535).contains(inflight) else {
            throw ConfigurationError(key: "bus.inflight", "bus.inflight: must be 1 to 65535, not \(inflight)")
        }
        let tls = BusConnectionOptions.TLS(
            certificateAuthorities: optionalString("bus.tls.authorities"),
            certificate: optionalString("bus.tls.certificate"), key: optionalString("bus.tls.key"))
        let hasFiles = tls.certificateAuthorities != nil || tls.certificate != nil || tls.key != nil
        guard url.isEncrypted || !hasFiles else {
            throw ConfigurationError(key: "bus.url", "bus.url: with bus.tls.* it must begin with mqtts://")
        }
        return BusConnectionOptions(
            host: url.host, port: url.port, clientID: clientID,
            username: optionalString("bus.username") ?? url.username,
            password: optionalString("bus.password") ?? url.password, tls: url.isEncrypted ? tls : nil,
            version: version,
            keepAlive: keepAlive, inflightLimit: inflight)
    }
}
