/// Tells one loop that there is something to do; several wakes before it looks are one.
final class Wakeup: Sendable {
    /// For the one loop.
    let events: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func wake() { continuation.yield() }
}
