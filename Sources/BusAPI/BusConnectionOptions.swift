/// How to reach a broker, and what it says for us when we come and go.
public struct BusConnectionOptions: Sendable {
    /// TLS settings; where given, the connection is encrypted or fails, never plain.
    public struct TLS: Sendable {
        /// PEM file of the authorities to trust; nothing means the system's.
        public var certificateAuthorities: String?
        public var certificate: String?
        public var key: String?

        public init(certificateAuthorities: String? = nil, certificate: String? = nil, key: String? = nil) {
            self.certificateAuthorities = certificateAuthorities
            self.certificate = certificate
            self.key = key
        }
    }

    /// MQTT protocol versions that are spoken.
    public enum ProtocolVersion: String, Sendable, CaseIterable {
        case v311 = "3.1.1"
        case v5 = "5"
    }

    public var host: String
    public var port: Int
    public var clientID: String
    public var username: String?
    public var password: String?
    public var tls: TLS?
    public var version: ProtocolVersion
    /// Seconds without traffic after which the peers probe each other.
    public var keepAlive: Int
    /// Whether the broker keeps our subscriptions and QoS 1 messages while we are away.
    public var persistentSession: Bool
    /// Messages awaiting acknowledgement at most.
    public var inflightLimit: Int
    /// Published by the broker when we vanish.
    public var will: BusMessage?
    /// Published by us on every connect, before `states()` says connected.
    public var birth: BusMessage?

    public init(
        host: String, port: Int, clientID: String, username: String? = nil, password: String? = nil, tls: TLS? = nil,
        version: ProtocolVersion = .v5, keepAlive: Int = 15, persistentSession: Bool = false, inflightLimit: Int = 1000,
        will: BusMessage? = nil, birth: BusMessage? = nil
    ) {
        self.host = host
        self.port = port
        self.clientID = clientID
        self.username = username
        self.password = password
        self.tls = tls
        self.version = version
        self.keepAlive = keepAlive
        self.persistentSession = persistentSession
        self.inflightLimit = inflightLimit
        self.will = will
        self.birth = birth
    }
}

extension BusConnectionOptions {
    /// The options for a broker's address: host, port, credentials, and TLS with the system's authorities for `mqtts`.
    public init(_ url: BusURL, clientID: String) {
        self.init(
            host: url.host, port: url.port, clientID: clientID, username: url.username, password: url.password,
            tls: url.isEncrypted ? TLS() : nil)
    }
}
