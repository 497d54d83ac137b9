import Synchronization

/// Server-sent events to a bounded number of listeners.
///
/// Each listener has a bounded queue. One that does not keep up is let go: its browser comes again and begins with how
/// things are then, which is better than history that arrives ever later.
public final class EventFeed: Sendable {
    /// What a listener gets.
    public enum Opening: Sendable {
        case stream(AsyncStream<[UInt8]>)
        /// Nothing to listen to, and why.
        case refused(HTTPRoute.Answer)
    }

    private struct Listener {
        var subjects: Set<String>
        var continuation: AsyncStream<[UInt8]>.Continuation
    }

    private struct State {
        var listeners: [Int: Listener] = [:]
        var next = 0
        var dropped = 0
    }

    private let limit: Int
    private let queue: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - listeners: at most; further ones are refused.
    ///   - queue: events that wait for one listener at most.
    public init(listeners: Int, queue: Int) {
        precondition(listeners > 0 && queue > 0, "a feed holds at least one listener and one event")
        limit = listeners
        self.queue = queue
    }

    /// Listeners that were let go because they did not keep up.
    public var dropped: Int { state.withLock { $0.dropped } }

    public var count: Int { state.withLock { $0.listeners.count } }

    /// How many listen to a subject.
    public func count(of subject: String) -> Int {
        state.withLock { state in state.listeners.values.count { $0.subjects.contains(subject) } }
    }

    /// Lets somebody listen to subjects, beginning with a greeting.
    public func open(_ subjects: Set<String>, greeting: [UInt8]) -> Opening {
        let (stream, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(queue))
        let number: Int? = state.withLock { state in
            guard state.listeners.count < limit else { return nil }
            continuation.yield(greeting)
            defer { state.next += 1 }
            state.listeners[state.next] = Listener(subjects: subjects, continuation: continuation)
            return state.next
        }
        guard let number else {
            return .refused(.text("\(limit) are listening already; try again later\n", status: 503))
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        return .stream(stream)
    }

    /// Sends an event to all who listen to its subject.
    public func send(_ event: [UInt8], to subject: String) {
        let slow: [Listener] = state.withLock { state in
            var slow: [Listener] = []
            for (number, listener) in state.listeners where listener.subjects.contains(subject) {
                guard case .dropped = listener.continuation.yield(event) else { continue }
                state.listeners[number] = nil
                state.dropped += 1
                slow.append(listener)
            }
            return slow
        }
        // Outside the lock: ending a stream takes it.
        for listener in slow { listener.continuation.finish() }
    }

    /// An event in the form of the wire.
    ///
    /// - Parameter data: one line.
    public static func event(_ name: String, _ data: [UInt8]) -> [UInt8] {
        precondition(!data.contains(UInt8(ascii: "\n")), "an event's data is one line")
        return Array("event: \(name)\ndata: ".utf8) + data + Array("\n\n".utf8)
    }
}
