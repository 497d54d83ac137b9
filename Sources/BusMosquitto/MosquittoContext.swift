import BusAPI
import CMosquitto
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the library's callbacks of one connection touch; it never refers to the handle.
///
/// Callbacks run on the thread that runs the connection's loop. They copy and return.
final class MosquittoContext: Sendable {
    /// The broker's answer to our CONNECT.
    enum Answer: Sendable, Equatable {
        case none
        case accepted(supportsNumbers: Bool)
        case refused(String)
    }

    private struct State {
        var pending = PendingAcknowledgements()
        var answer = Answer.none
        /// The broker's own words on why it ended the connection.
        var farewell: String?
    }

    private let state = Mutex(State())
    private let receive: @Sendable (BusMessage, [UInt32]) -> Void

    /// - Parameter receive: called for each message with the numbers of the patterns it matched.
    init(receive: @escaping @Sendable (BusMessage, [UInt32]) -> Void) {
        self.receive = receive
    }

    var answer: Answer { state.withLock { $0.answer } }
    var farewell: String? { state.withLock { $0.farewell } }
    var outstanding: Int { state.withLock { $0.pending.count } }

    func withPending(_ body: (inout PendingAcknowledgements) -> PendingAcknowledgements.Action) {
        state.withLock { body(&$0.pending) }.run()
    }

    func begin(limit: Int) throws(BusError) {
        try state.withLock { (state) throws(BusError) in try state.pending.begin(limit: limit) }
    }

    // MARK: Called by the library

    fileprivate func connected(_ reason: Int32, _ properties: OpaquePointer?, isVersion5: Bool) {
        var available: UInt8 = 1
        _ = mosquitto_property_read_byte(
            properties, Int32(MQTT_PROP_SUBSCRIPTION_ID_AVAILABLE.rawValue), &available, false)
        let text = isVersion5 ? mosquitto_reason_string(reason) : mosquitto_connack_string(reason)
        let answer: Answer =
            reason == 0
            ? .accepted(supportsNumbers: isVersion5 && available != 0)
            : .refused(text.map { String(cString: $0) } ?? "refused")
        state.withLock { $0.answer = answer }
    }

    fileprivate func disconnected(_ reason: Int32) {
        // Reason codes of MQTT 5 begin at 128; below are the library's own.
        guard reason >= 128, let text = mosquitto_reason_string(reason) else { return }
        let farewell = String(cString: text)
        state.withLock { $0.farewell = farewell }
    }

    fileprivate func published(_ id: Int32, _ reason: Int32) {
        withPending { pending in
            let refused = reason >= 128
            return pending.acknowledge(
                id, refused ? .failure(MosquittoLibrary.refusal(reason, "the broker refused a message")) : .success([]))
        }
    }

    fileprivate func subscribed(_ id: Int32, _ granted: [UInt8]) {
        withPending { $0.acknowledge(id, .success(granted)) }
    }

    fileprivate func received(_ message: UnsafePointer<mosquitto_message>, _ properties: OpaquePointer?) {
        guard let topic = message.pointee.topic else { return }
        let payload = [UInt8](
            UnsafeRawBufferPointer(start: message.pointee.payload, count: Int(message.pointee.payloadlen)))
        var copy = BusMessage(
            topic: String(cString: topic), payload: payload, qos: message.pointee.qos == 0 ? .atMostOnce : .atLeastOnce,
            retained: message.pointee.retain)
        var numbers: [UInt32] = []
        var property = properties
        while let current = property {
            switch UInt32(mosquitto_property_identifier(current)) {
            case MQTT_PROP_SUBSCRIPTION_IDENTIFIER.rawValue:
                var number: UInt32 = 0
                _ = mosquitto_property_read_varint(
                    current, Int32(MQTT_PROP_SUBSCRIPTION_IDENTIFIER.rawValue), &number, false)
                numbers.append(number)
            case MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue:
                var expiry: UInt32 = 0
                _ = mosquitto_property_read_int32(
                    current, Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue), &expiry, false)
                copy.expiry = expiry
            case MQTT_PROP_CONTENT_TYPE.rawValue:
                var text: UnsafeMutablePointer<CChar>?
                _ = mosquitto_property_read_string(current, Int32(MQTT_PROP_CONTENT_TYPE.rawValue), &text, false)
                if let text {
                    copy.contentType = String(cString: text)
                    free(text)
                }
            default: break
            }
            property = mosquitto_property_next(current)
        }
        receive(copy, numbers)
    }
}

extension MosquittoContext {
    /// The context behind a callback's user pointer; the handle keeps it alive as long as it lives itself.
    private static func from(_ pointer: UnsafeMutableRawPointer?) -> MosquittoContext? {
        pointer.map { Unmanaged<MosquittoContext>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Points the library's callbacks at the contexts. `@Sendable` closures, because they run on another thread.
    static func installCallbacks(on handle: OpaquePointer, version: BusConnectionOptions.ProtocolVersion) {
        if version == .v5 {
            mosquitto_connect_v5_callback_set(handle) { @Sendable _, pointer, reason, _, properties in
                MosquittoContext.from(pointer)?.connected(reason, properties, isVersion5: true)
            }
        } else {
            mosquitto_connect_v5_callback_set(handle) { @Sendable _, pointer, reason, _, _ in
                MosquittoContext.from(pointer)?.connected(reason, nil, isVersion5: false)
            }
        }
        mosquitto_disconnect_v5_callback_set(handle) { @Sendable _, pointer, reason, _ in
            MosquittoContext.from(pointer)?.disconnected(reason)
        }
        mosquitto_publish_v5_callback_set(handle) { @Sendable _, pointer, id, reason, _ in
            MosquittoContext.from(pointer)?.published(id, reason)
        }
        mosquitto_subscribe_v5_callback_set(handle) { @Sendable _, pointer, id, count, codes, _ in
            let granted = UnsafeBufferPointer(start: codes, count: Int(count)).map { UInt8(truncatingIfNeeded: $0) }
            MosquittoContext.from(pointer)?.subscribed(id, granted)
        }
        mosquitto_message_v5_callback_set(handle) { @Sendable _, pointer, message, properties in
            guard let message else { return }
            MosquittoContext.from(pointer)?.received(message, properties)
        }
    }
}
