import Synchronization

/// Bytes and messages moved, by cause, for the radio's energy.
final class Traffic: Sendable {
    enum Cause: String, Sendable, CaseIterable { case uploads, inferences, updates, telemetry }

    struct Amount: Sendable, Equatable {
        var sentBytes = 0
        var sentMessages = 0
        var receivedBytes = 0
        var receivedMessages = 0
    }

    private let amounts = Mutex([Cause: Amount]())

    func sent(_ bytes: Int, _ cause: Cause) {
        amounts.withLock {
            $0[cause, default: Amount()].sentBytes += bytes
            $0[cause, default: Amount()].sentMessages += 1
        }
    }

    func received(_ bytes: Int, messages: Int = 1, _ cause: Cause) {
        amounts.withLock {
            $0[cause, default: Amount()].receivedBytes += bytes
            $0[cause, default: Amount()].receivedMessages += messages
        }
    }

    var totals: [Cause: Amount] { amounts.withLock { $0 } }
}
