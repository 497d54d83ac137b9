import BusAPI

extension BusConformance {
    static let connectionChecks: [Check] = [
        Check(name: "The last will is published when a client vanishes, and its birth when it is back") { harness in
            let watcher = try await harness.connect("watcher")
            let presence = try await watcher.subscribe(to: [BusFilter("presence/a")], limit: 10, overflow: .dropOldest)
            let bus = try await harness.connect(
                "a", will: BusMessage(topic: "presence/a", text: "offline", retained: true),
                birth: BusMessage(topic: "presence/a", text: "online", retained: true))
            try expectEqual(texts(try await messages(of: presence, count: 1)), ["online"], "first birth")
            try await wait(for: .connected, of: bus)
            try await harness.sever(bus)
            var seen: [String] = []
            while seen.count < 2 { seen += texts(try await messages(of: presence, count: 1)) }
            try expectEqual(seen, ["offline", "online"], "will and second birth")
            try await wait(for: .connected, of: bus)
            try expect(bus.statistics.reconnects >= 1, "the reconnect was not counted")
            await bus.close()
            await watcher.close()
        },
        Check(name: "The last will is not published after a goodbye") { harness in
            let watcher = try await harness.connect("watcher")
            let presence = try await watcher.subscribe(to: [BusFilter("presence/#")], limit: 10, overflow: .dropOldest)
            let bus = try await harness.connect("a", will: BusMessage(topic: "presence/a", text: "offline"), birth: nil)
            try await wait(for: .connected, of: bus)
            await bus.close()
            // The same client again, so that the broker is surely done with the first connection.
            let next = try await harness.connect("a")
            try await next.publish(BusMessage(topic: "presence/end", text: "end"))
            let seen = try await messages(of: presence) { $0.topic == "presence/end" }
            try expectEqual(texts(seen), ["end"], "seen")
            await next.close()
            await watcher.close()
        },
        Check(name: "Subscriptions are made again after the broker was away") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let subscription = try await b.subscribe(
                to: [BusFilter("back/x"), BusFilter("back/+/y")], limit: 10, overflow: .dropOldest)
            try await harness.stopBroker()
            try await wait(for: .disconnected(reason: ""), of: a)
            try await wait(for: .disconnected(reason: ""), of: b)
            try await harness.startBroker()
            try await wait(for: .connected, of: a)
            try await wait(for: .connected, of: b)
            try await a.publish(BusMessage(topic: "back/x", text: "1"))
            try await a.publish(BusMessage(topic: "back/z/y", text: "2"))
            // MQTT keeps the order of a topic's messages, not that of topics.
            try expectEqual(texts(try await messages(of: subscription, count: 2)).sorted(), ["1", "2"], "received")
            await a.close()
            await b.close()
        },
        Check(name: "Publishing while there is no broker throws notConnected, and works afterwards") { harness in
            let bus = try await harness.connect("a")
            try await harness.stopBroker()
            try await wait(for: .disconnected(reason: ""), of: bus)
            for qos in [QualityOfService.atMostOnce, .atLeastOnce] {
                try await expectError(.notConnected, "publishing at \(qos)") {
                    try await bus.publish(BusMessage(topic: "away", text: "1", qos: qos))
                }
            }
            try await harness.startBroker()
            try await wait(for: .connected, of: bus)
            try await bus.publish(BusMessage(topic: "away", text: "2"))
            await bus.close()
        },
        Check(name: "Subscribing while there is no broker waits for one") { harness in
            let bus = try await harness.connect("a")
            try await harness.stopBroker()
            try await wait(for: .disconnected(reason: ""), of: bus)
            async let subscribed = bus.subscribe(to: [BusFilter("later")], limit: 10, overflow: .dropOldest)
            try await harness.startBroker()
            let subscription = try await subscribed
            try await wait(for: .connected, of: bus)
            try await bus.publish(BusMessage(topic: "later", text: "1"))
            try expectEqual(texts(try await messages(of: subscription, count: 1)), ["1"], "received")
            await bus.close()
        },
        Check(name: "Subscribing gives up when its task is cancelled") { harness in
            let bus = try await harness.connect("a")
            try await harness.stopBroker()
            try await wait(for: .disconnected(reason: ""), of: bus)
            let task = Task { try await bus.subscribe(to: [BusFilter("never")], limit: 10, overflow: .dropOldest) }
            task.cancel()
            try await expectError(.closed, "subscribing") { _ = try await task.value }
            await bus.close()
        },
        Check(name: "Closing twice is harmless, ends every sequence, and later calls throw closed") { harness in
            let bus = try await harness.connect("a")
            let subscription = try await bus.subscribe(to: [BusFilter("closing")], limit: 10, overflow: .dropOldest)
            async let rest = subscription.reduce(into: 0) { $0 += $1.count }
            let states = bus.states()
            await bus.close()
            await bus.close()
            try expectEqual(await rest, 0, "messages")
            try await within(.seconds(10), "the end of the states") { for await _ in states {} }
            try await expectError(.closed, "publishing") {
                try await bus.publish(BusMessage(topic: "closing", text: ""))
            }
            try await expectError(.closed, "subscribing") {
                _ = try await bus.subscribe(to: [BusFilter("closing")], limit: 10, overflow: .dropOldest)
            }
        },
    ]
}
