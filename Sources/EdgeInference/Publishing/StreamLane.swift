import BusAPI
import ServiceRuntime

/// Publishes in order what is worthless when late.
final class StreamLane: Sendable {
    private let context: ServiceContext
    private let traffic: Traffic
    private let mailbox: Mailbox<BusMessage>

    init(context: ServiceContext, limit: Int, traffic: Traffic) {
        self.context = context
        self.traffic = traffic
        mailbox = Mailbox(limit: limit)
    }

    func put(contentsOf messages: [BusMessage]) { mailbox.put(contentsOf: messages) }
    func finish() { mailbox.finish() }
    var depth: Int { mailbox.depth }

    func run() async {
        var dropped = 0
        while let batch = await mailbox.next() {
            var sent = 0
            for message in batch {
                do throws(BusError) {
                    try await context.bus.publish(message)
                    traffic.sent(message.topic.utf8.count + message.payload.count, .inferences)
                    sent += 1
                } catch {
                    context.board.count("inferencesUnsent")
                }
            }
            context.board.count("published", by: sent)
            let total = mailbox.dropped
            context.board.count("dropped", by: total - dropped)
            context.board.count("inferencesDropped", by: total - dropped)
            dropped = total
        }
    }
}
