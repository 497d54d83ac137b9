import BusAPI
import BusMosquitto
import BusTesting
import Logging
import Testing

@Suite("Traffic through a real broker", .serialized)
struct MosquittoThroughputTests {
    private func connect(_ broker: MosquittoBroker, _ clientID: String) throws -> MosquittoBus {
        try MosquittoBus(
            options: BusConnectionOptions(host: "127.0.0.1", port: broker.port, clientID: clientID), logger: .quiet)
    }

    @Test("Twenty thousand messages at QoS 0 and ten thousand at QoS 1 arrive within seconds")
    func throughput() async throws {
        try await MosquittoBroker.with { broker in
            let (a, b) = (try connect(broker, "a"), try connect(broker, "b"))
            try await a.publish(whenConnected: BusMessage(topic: "start", text: ""))
            let subscription = try await b.subscribe(to: [BusFilter("t/#")], limit: 100_000, overflow: .dropNewest)
            let payload = [UInt8](repeating: 0x7B, count: 200)
            for (qos, count) in [(QualityOfService.atMostOnce, 20_000), (.atLeastOnce, 10_000)] {
                let start = ContinuousClock.now
                async let received = BusConformance.messages(of: subscription, count: count).count
                try await withThrowingTaskGroup { group in
                    for lane in 0..<50 {
                        group.addTask {
                            for _ in 0..<(count / 50) {
                                try await a.publish(BusMessage(topic: "t/\(lane)", payload: payload, qos: qos))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await received == count)
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                print("QoS \(qos.rawValue): \(Int(Double(count) / seconds)) messages/s published and received")
                // An order of magnitude below what an idle machine does, so that only a blunder fails.
                #expect(seconds < 20)
            }
            #expect(subscription.dropped == 0)
            await a.close()
            await b.close()
        }
    }

    @Test("One message there and back takes no Nagle delay")
    func latency() async throws {
        try await MosquittoBroker.with { broker in
            let bus = try connect(broker, "a")
            let subscription = try await bus.subscribe(to: [BusFilter("echo")], limit: 10, overflow: .dropOldest)
            let message = BusMessage(topic: "echo", payload: [UInt8](repeating: 0, count: 1024))
            var times: [Duration] = []
            for _ in 0..<200 {
                let start = ContinuousClock.now
                try await bus.publish(message)
                _ = await subscription.next()
                times.append(ContinuousClock.now - start)
            }
            let median = times.sorted()[100]
            print("1 KiB there and back: \(median)")
            #expect(median < .milliseconds(10))
            await bus.close()
        }
    }

    @Test("Acknowledgements outstanding beyond the bound throw queueFull, and nothing waits for ever")
    func queueFull() async throws {
        try await MosquittoBroker.with { broker in
            let bus = try MosquittoBus(
                options: BusConnectionOptions(host: "127.0.0.1", port: broker.port, clientID: "a", inflightLimit: 4),
                logger: .quiet)
            try await bus.publish(whenConnected: BusMessage(topic: "x", text: ""))
            let (sent, refused) = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        do {
                            try await bus.publish(BusMessage(topic: "x", text: "1"))
                            return true
                        } catch {
                            #expect(error.code == .queueFull)
                            return false
                        }
                    }
                }
                return await group.reduce(into: (0, 0)) { $1 ? ($0.0 += 1) : ($0.1 += 1) }
            }
            #expect(sent + refused == 200 && sent >= 4)
            #expect(bus.statistics.published == sent + 1)
            await bus.close()
        }
    }

    @Test("A broker that stops while messages are on their way fails each of them or acknowledges it")
    func outage() async throws {
        try await MosquittoBroker.with { broker in
            let bus = try connect(broker, "a")
            try await bus.publish(whenConnected: BusMessage(topic: "x", text: ""))
            async let outcomes = withTaskGroup(of: BusError.Code?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            while true { try await bus.publish(BusMessage(topic: "x", text: "1")) }
                        } catch {
                            return error.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            await broker.stop()
            #expect(await outcomes.allSatisfy { $0 == .notConnected })
            await bus.close()
        }
    }
}
