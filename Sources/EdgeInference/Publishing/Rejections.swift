import ServiceRuntime

/// Hands refusals from loops that do not wait to whoever says so on the bus.
final class Rejections: Sendable {
    struct Rejection: Sendable {
        var topic: String
        var code: String
        var reason: String
    }

    private let mailbox = Mailbox<Rejection>(limit: 1000)
    private let context: ServiceContext

    init(context: ServiceContext) { self.context = context }

    func put(_ topic: String, code: String, reason: String) {
        mailbox.put(Rejection(topic: topic, code: code, reason: reason))
    }

    func finish() { mailbox.finish() }

    func run() async {
        var dropped = 0
        while let batch = await mailbox.next() {
            for rejection in batch {
                await context.rejects.reject(topic: rejection.topic, code: rejection.code, reason: rejection.reason)
            }
            // What did not fit the mailbox was refused all the same.
            context.board.count("rejected", by: mailbox.dropped - dropped)
            dropped = mailbox.dropped
        }
    }
}
