import LoadTesting
import Telemetry

/// An edge under load: a process, and the topic on which it says what it has done.
struct Subject: Sendable {
    let name: String
    let process: Int32
    let site: String
    let status: Topic

    /// Counters and processor time of one moment.
    struct Reading: Sendable {
        var time: ContinuousClock.Instant
        var counters: [String: Int]
        var usage: ProcessUsage
        /// Messages that had been handed to the broker.
        var sent: Int
    }

    /// What happened between two readings, a second.
    struct Rates: Sendable {
        /// The rate that was meant to be.
        var offered: Double
        var sent: Double
        var received: Double
        var inferences: Double
        /// Dropped by the edge because it did not keep up.
        var dropped: Double
        /// Processor seconds a second: 1 is one core.
        var processors: Double
        var privateBytes: Int

        init(offered: Double, from first: Reading, to second: Reading) {
            let seconds = (second.time - first.time) / .seconds(1)
            func rate(_ counter: String) -> Double {
                Double(second.counters[counter, default: 0] - first.counters[counter, default: 0]) / seconds
            }
            self.offered = offered
            sent = Double(second.sent - first.sent) / seconds
            received = rate("received")
            inferences = rate("inferences")
            dropped = rate("telemetryDropped")
            processors = (second.usage.processorSeconds - first.usage.processorSeconds) / seconds
            privateBytes = second.usage.privateBytes
        }

        /// Whether the load reached nearly the rate it was meant to have.
        var isOffered: Bool { sent > 0.9 * offered }
        /// Whether the edge kept up: a queue that fills shows before anything is dropped. The two counters are read a
        /// few milliseconds apart, hence the two in a hundred.
        var isSustained: Bool { isOffered && dropped == 0 && received > 0.98 * sent }
        /// Messages of this step's load that were dealt with; a queue that empties may let `received` be more.
        var handled: Double { min(sent, received) }
        var processorMicroseconds: Double { processors / max(received, 1) * 1e6 }
    }
}
