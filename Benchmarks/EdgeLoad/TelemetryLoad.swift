import BusAPI
import Synchronization
import Telemetry

/// Telemetry of a fleet of wrists at a given rate: each message a second of six channels at 20 Hz.
///
/// The messages are written once; only the time in them changes, so that the load costs little beside what it loads.
final class TelemetryLoad: Sendable {
    static let channels = ["ax", "ay", "az", "gx", "gy", "gz"]
    static let rows = 20
    /// Device time of the first message; a multiple of the window's step.
    static let start = 1_760_000_000

    private let bus: any MessageBus
    private let topics: [String]
    /// The message of each device, with a time of ten digits at ``timeOffset``.
    private let payloads: [[UInt8]]
    private static let timeOffset = #"{"t":"#.utf8.count

    private let handed = Mutex(0)

    /// Messages that were handed to the broker.
    var sent: Int { handed.withLock { $0 } }

    init(bus: any MessageBus, root: TopicSpace, site: String, devices: Int) {
        self.bus = bus
        topics = (0..<devices).map { root.string(.telemetry(DeviceID(site: site, device: "train-\($0)"))) }
        payloads = (0..<devices).map(Self.payload)
    }

    private static func payload(_ device: Int) -> [UInt8] {
        let rows = (0..<rows).map { row in
            let values = channels.indices.map { channel in
                // Some number of three digits; no two devices alike.
                let seed = (device * 7919 + row * 104_729 + channel * 1_299_709) % 19_997
                return "\(seed / 1000 - 10).\(seed % 1000 / 100)\(seed % 100 / 10)\(seed % 10)"
            }
            return "[" + values.joined(separator: ",") + "]"
        }
        let names = channels.map { "\"\($0)\"" }.joined(separator: ",")
        return Array(
            #"{"t":\#(start).000,"dt":0.05,"channels":[\#(names)],"values":[\#(rows.joined(separator: ","))]}"#.utf8)
    }

    /// Publishes at a rate until cancelled, each device one second of its time after the other.
    ///
    /// - Parameter first: message to begin with; they are numbered through all devices.
    /// - Returns: the number of the message that comes next.
    func send(rate: Double, from first: Int) async throws -> Int {
        let begin = ContinuousClock.now
        var next = first
        while !Task.isCancelled {
            let passed = (ContinuousClock.now - begin) / .seconds(1)
            // At most a tenth of a second at once: a generator that was held up does not make up for it in a burst.
            let due = min(first + Int(passed * rate), next + max(1, Int(rate / 10)))
            for number in next..<max(next, due) {
                let device = number % topics.count
                var payload = payloads[device]
                Self.write(Self.start + number / topics.count, into: &payload)
                do {
                    try await bus.publish(BusMessage(topic: topics[device], payload: payload, qos: .atMostOnce))
                } catch {
                    guard Task.isCancelled else { throw error }
                    return number + 1
                }
            }
            handed.withLock { $0 += max(0, due - next) }
            next = max(next, due)
            do { try await Task.sleep(for: .milliseconds(2)) } catch { break }
        }
        return next
    }

    private static func write(_ time: Int, into payload: inout [UInt8]) {
        var rest = time
        for digit in (0..<10).reversed() {
            payload[timeOffset + digit] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}
