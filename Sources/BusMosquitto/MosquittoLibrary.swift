import BusAPI
import CMosquitto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The library as a whole: its initialisation and its error codes.
enum MosquittoLibrary {
    /// `mosquitto_lib_init` "must be called before any other mosquitto functions" and "is not thread safe": a static
    /// initialiser runs once. `mosquitto_lib_cleanup` is left to the end of the process.
    static let initialised: Int32 = mosquitto_lib_init()

    static let success = Int32(MOSQ_ERR_SUCCESS.rawValue)
    static let refusedCode = Int32(MOSQ_ERR_CONN_REFUSED.rawValue)

    /// What a return code of the library means, `errno` included.
    static func describe(_ code: Int32) -> String {
        let cause = errno
        if code == Int32(MOSQ_ERR_ERRNO.rawValue), cause != 0 { return String(cString: strerror(cause)) }
        return String(cString: mosquitto_strerror(code))
    }

    /// The error of a call that returned `code`.
    static func error(_ code: Int32, _ doing: String) -> BusError {
        let message = "\(doing): \(describe(code))"
        switch code {
        case Int32(MOSQ_ERR_NO_CONN.rawValue), Int32(MOSQ_ERR_CONN_LOST.rawValue):
            return BusError(.notConnected, message)
        case Int32(MOSQ_ERR_INVAL.rawValue), Int32(MOSQ_ERR_MALFORMED_UTF8.rawValue):
            return BusError(.invalidTopic, message)
        case Int32(MOSQ_ERR_PAYLOAD_SIZE.rawValue), Int32(MOSQ_ERR_OVERSIZE_PACKET.rawValue):
            return BusError(.tooLarge, message)
        case Int32(MOSQ_ERR_QOS_NOT_SUPPORTED.rawValue), Int32(MOSQ_ERR_RETAIN_NOT_SUPPORTED.rawValue):
            return BusError(.refused, message)
        default:
            return BusError(.failed, message)
        }
    }

    /// The error of an acknowledgement with an MQTT 5 reason code of failure (128 or more).
    static func refusal(_ reason: Int32, _ doing: String) -> BusError {
        let message = "\(doing): \(String(cString: mosquitto_reason_string(reason)))"
        switch reason {
        case 0x90: return BusError(.invalidTopic, message)
        case 0x95: return BusError(.tooLarge, message)
        case 0x97: return BusError(.queueFull, message)
        default: return BusError(.refused, message)
        }
    }
}
