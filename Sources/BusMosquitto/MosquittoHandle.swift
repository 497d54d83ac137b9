import BusAPI
import CMosquitto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The library's handle of one connection, from CONNECT to its end; a reconnect takes a new one.
///
/// So nothing of an earlier connection (message ids, messages without acknowledgement) reaches a later one, and a call
/// under way on another thread keeps the handle alive by holding this object.
///
/// `@unchecked Sendable`: "libmosquitto provides thread safe operation, with the exception of mosquitto_lib_init which is
/// not thread safe" (libmosquitto(3)), and `mosquitto_threaded_set` tells it that the loop runs on a thread of ours.
final class MosquittoHandle: @unchecked Sendable {
    /// Seconds for which a broker keeps the session of a client that asked for it (MQTT 5).
    private static let sessionExpiry: UInt32 = 86_400

    let context: MosquittoContext
    private let handle: OpaquePointer
    private let options: BusConnectionOptions
    private let contextPointer: UnsafeMutableRawPointer

    /// - Throws: `.invalidConfiguration` where the options cannot be honoured.
    init(_ options: BusConnectionOptions, _ context: MosquittoContext) throws(BusError) {
        guard MosquittoLibrary.initialised == MosquittoLibrary.success else {
            throw BusError(
                .failed, "libmosquitto does not start: \(MosquittoLibrary.describe(MosquittoLibrary.initialised))")
        }
        let contextPointer = Unmanaged.passRetained(context).toOpaque()
        guard let handle = mosquitto_new(options.clientID, !options.persistentSession, contextPointer) else {
            Unmanaged<MosquittoContext>.fromOpaque(contextPointer).release()
            throw BusError(.invalidConfiguration, "'\(options.clientID)' cannot be a client id")
        }
        self.context = context
        self.handle = handle
        self.options = options
        self.contextPointer = contextPointer
        // From here on `deinit` cleans up, also where one of these throws.
        MosquittoContext.installCallbacks(on: handle, version: options.version)
        try setOptions()
        try setSecurity()
        try setWill()
    }

    /// Only when nobody uses the handle any more: its loop has ended and no call is under way.
    deinit {
        mosquitto_destroy(handle)
        Unmanaged<MosquittoContext>.fromOpaque(contextPointer).release()
    }

    private func check(_ code: Int32, _ what: String) throws(BusError) {
        guard code == MosquittoLibrary.success else {
            throw BusError(.invalidConfiguration, "\(what): \(MosquittoLibrary.describe(code))")
        }
    }

    private func setOptions() throws(BusError) {
        let version = options.version == .v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
        try check(mosquitto_threaded_set(handle, true), "threads")
        try check(mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, version), "MQTT \(options.version.rawValue)")
        try check(mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1), "TCP_NODELAY")
        let window = Int32(min(max(options.inflightLimit, 1), 65_535))
        try check(mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, window), "in-flight limit")
        try check(mosquitto_int_option(handle, MOSQ_OPT_RECEIVE_MAXIMUM, window), "in-flight limit")
    }

    private func setSecurity() throws(BusError) {
        if let username = options.username {
            try check(mosquitto_username_pw_set(handle, username, options.password), "user name")
        }
        guard let tls = options.tls else { return }
        guard (tls.certificate == nil) == (tls.key == nil) else {
            throw BusError(.invalidConfiguration, "a client certificate and its key come together")
        }
        for file in [tls.certificateAuthorities, tls.certificate, tls.key].compactMap({ $0 })
        where access(file, R_OK) != 0 {
            throw BusError(.invalidConfiguration, "\(file): \(String(cString: strerror(errno)))")
        }
        if tls.certificateAuthorities == nil {
            try check(mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1), "the system's authorities")
        }
        if tls.certificateAuthorities != nil || tls.certificate != nil {
            let directory = tls.certificateAuthorities == nil ? "/etc/ssl/certs" : nil
            try check(
                mosquitto_tls_set(handle, tls.certificateAuthorities, directory, tls.certificate, tls.key, nil), "TLS")
        }
        try check(mosquitto_tls_insecure_set(handle, false), "TLS")
    }

    private func setWill() throws(BusError) {
        guard let will = options.will else { return }
        var properties = try properties(of: will)
        let code = mosquitto_will_set_v5(
            handle, will.topic, Int32(will.payload.count), will.payload, Int32(will.qos.rawValue), will.retained,
            properties.list)
        try check(code, "last will on '\(will.topic)'")
        // "If the function returns MOSQ_ERR_SUCCESS, the library takes ownership of the property list."
        _ = properties.release()
    }

    private func properties(of message: BusMessage) throws(BusError) -> MosquittoProperties {
        var properties = MosquittoProperties()
        guard options.version == .v5 else { return properties }
        var fits = true
        if let expiry = message.expiry { fits = properties.add(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, expiry) }
        if let type = message.contentType { fits = properties.add(MQTT_PROP_CONTENT_TYPE, type) && fits }
        guard fits else { throw BusError(.failed, "the properties of a message on '\(message.topic)' do not fit") }
        return properties
    }

    // MARK: The loop's thread

    /// Opens the connection; blocks until the broker's machine has answered.
    func connect() -> Int32 {
        var properties = MosquittoProperties()
        if options.version == .v5, options.persistentSession {
            guard properties.add(MQTT_PROP_SESSION_EXPIRY_INTERVAL, Self.sessionExpiry) else {
                return Int32(MOSQ_ERR_NOMEM.rawValue)
            }
        }
        return mosquitto_connect_bind_v5(
            handle, options.host, Int32(options.port), Int32(options.keepAlive), nil, properties.list)
    }

    /// Waits for traffic, at most a second, and handles it.
    func loop() -> Int32 { mosquitto_loop(handle, 1000, 1) }

    // MARK: Any thread, never with a lock of ours held

    /// Hands a message to the library; the context is told of its acknowledgement, at QoS 0 of its being written.
    ///
    /// - Precondition: announced by ``MosquittoContext/begin(limit:)``.
    /// - Returns: the message's id.
    func publish(_ message: BusMessage) throws(BusError) -> Int32 {
        let properties = try properties(of: message)
        var id: Int32 = 0
        let code = mosquitto_publish_v5(
            handle, &id, message.topic, Int32(message.payload.count), message.payload, Int32(message.qos.rawValue),
            message.retained, properties.list)
        guard code == MosquittoLibrary.success else {
            throw MosquittoLibrary.error(code, "publishing on '\(message.topic)'")
        }
        return id
    }

    /// Asks for a pattern.
    ///
    /// - Precondition: announced by ``MosquittoContext/begin(limit:)``.
    /// - Returns: the request's id.
    func subscribe(_ request: SubscriptionRequest, numbered: Bool) throws(BusError) -> Int32 {
        var properties = MosquittoProperties()
        if numbered, !properties.addVariable(MQTT_PROP_SUBSCRIPTION_IDENTIFIER, request.number) {
            throw BusError(.failed, "too many subscriptions")
        }
        var id: Int32 = 0
        let code = mosquitto_subscribe_v5(
            handle, &id, request.pattern, Int32(request.qos.rawValue), 0, properties.list)
        guard code == MosquittoLibrary.success else {
            throw MosquittoLibrary.error(code, "subscribing to '\(request.pattern)'")
        }
        return id
    }

    /// Ends a subscription; where that fails the connection is going, and the next one will not make it again.
    func unsubscribe(_ pattern: String) {
        _ = mosquitto_unsubscribe(handle, nil, pattern)
    }

    /// Says goodbye, after what is queued.
    func disconnect() {
        _ = mosquitto_disconnect(handle)
    }

    /// Breaks the connection without a goodbye, as a failing network would.
    func sever() {
        let socket = mosquitto_socket(handle)
        if socket >= 0 { _ = shutdown(socket, Int32(SHUT_RDWR)) }
    }
}
