import BusAPI
import Testing

@Suite("Subscriptions")
struct BusSubscriptionTests {
    private func subscription(limit: Int, overflow: BusOverflow = .dropOldest) -> BusSubscription {
        BusSubscription(filters: [BusFilter("#")], limit: limit, overflow: overflow, onCancel: { _ in })
    }

    private func message(_ i: Int) -> BusMessage { BusMessage(topic: "t", text: "\(i)") }

    @Test("However many overflow, the newest are held and each drop is counted once", arguments: [1, 2, 7, 100])
    func oldest(limit: Int) async {
        let subscription = subscription(limit: limit)
        for round in 1...3 {
            for i in 0..<(5 * limit + 3) { subscription.deliver(message(i)) }
            #expect(subscription.depth == limit)
            #expect(subscription.dropped == round * (4 * limit + 3))
            let held = await subscription.next() ?? []
            #expect(held == ((4 * limit + 3)..<(5 * limit + 3)).map(message))
        }
    }

    @Test("A consumer that waits is given the message at once")
    func waiting() async {
        let subscription = subscription(limit: 10)
        async let batch = subscription.next()
        subscription.deliver(message(1))
        #expect(await batch == [message(1)])
    }

    @Test("A steady stream does not keep a cancelled consumer going")
    func cancelled() async {
        let subscription = subscription(limit: 10)
        subscription.deliver(message(1))
        let consumer = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await subscription.next()
        }
        #expect(await consumer.value == nil)
        #expect(await subscription.next() == [message(1)], "what a cancelled consumer left is not lost")
    }

    @Test("Cancelling and delivering at once never loses a waiting consumer")
    func races() async {
        for i in 0..<500 {
            let subscription = subscription(limit: 10)
            let consumer = Task { await subscription.next() }
            async let delivered: Void = subscription.deliver(message(i))
            if i % 2 == 0 { consumer.cancel() } else { subscription.cancel() }
            await delivered
            _ = await consumer.value
        }
    }
}
