import BusAPI

extension BusConformance {
    static let deliveryChecks: [Check] = [
        Check(name: "A published message reaches a subscriber whole, at either quality of service") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let subscription = try await b.subscribe(to: [BusFilter("plain/x")], limit: 10, overflow: .dropOldest)
            for qos in [QualityOfService.atMostOnce, .atLeastOnce] {
                let sent = BusMessage(topic: "plain/x", payload: [0, 255, 10, 0, 128], qos: qos)
                try await a.publish(sent)
                let received = try await messages(of: subscription, count: 1)
                try expectEqual(received, [sent], "received")
            }
            try expectEqual(a.statistics.published, 2, "published")
            try expectEqual(b.statistics.received, 2, "received")
            try expectEqual(b.statistics.receivedBytes, 10, "bytes received")
            await a.close()
            await b.close()
        },
        Check(name: "A client receives what it publishes itself") { harness in
            let bus = try await harness.connect("a")
            let subscription = try await bus.subscribe(to: [BusFilter("own")], limit: 10, overflow: .dropOldest)
            try await bus.publish(BusMessage(topic: "own", text: "1"))
            try expectEqual(texts(try await messages(of: subscription, count: 1)), ["1"], "received")
            await bus.close()
        },
        Check(name: "Messages of one publisher arrive in order") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let subscription = try await b.subscribe(to: [BusFilter("order/#")], limit: 1000, overflow: .dropOldest)
            for i in 0..<300 {
                let qos: QualityOfService = (i / 100) % 2 == 0 ? .atLeastOnce : .atMostOnce
                try await a.publish(BusMessage(topic: "order/\(i % 3)", text: "\(i)", qos: qos))
            }
            let received = try await messages(of: subscription, count: 300)
            try expectEqual(texts(received), (0..<300).map(String.init), "order")
            await a.close()
            await b.close()
        },
        Check(name: "Wildcards pass what they should and nothing else") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let one = try await b.subscribe(to: [BusFilter("wild/+/x")], limit: 100, overflow: .dropOldest)
            let rest = try await b.subscribe(to: [BusFilter("wild/a/#")], limit: 100, overflow: .dropOldest)
            for topic in [
                "wild/a/x", "wild/b/x", "wild/a/y", "wild/a", "wild/b/x/z", "wild", "wild/a/x/y", "wild/end/x",
            ] {
                try await a.publish(BusMessage(topic: topic, text: topic))
            }
            try await a.publish(BusMessage(topic: "wild/a/end", text: "end"))
            let first = try await messages(of: one) { $0.topic == "wild/end/x" }
            try expectEqual(first.map(\.topic), ["wild/a/x", "wild/b/x", "wild/end/x"], "wild/+/x")
            let second = try await messages(of: rest) { $0.topic == "wild/a/end" }
            try expectEqual(
                second.map(\.topic), ["wild/a/x", "wild/a/y", "wild/a", "wild/a/x/y", "wild/a/end"], "wild/a/#")
            await a.close()
            await b.close()
        },
        Check(name: "One subscription of several overlapping filters receives each message once") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let both = try await b.subscribe(
                to: [BusFilter("over/#"), BusFilter("over/+", qos: .atMostOnce), BusFilter("over/a")], limit: 100,
                overflow: .dropOldest)
            for i in 0..<20 { try await a.publish(BusMessage(topic: "over/a", text: "\(i)")) }
            try await a.publish(BusMessage(topic: "over/end", text: "end"))
            let received = try await messages(of: both) { $0.topic == "over/end" }
            try expectEqual(texts(received), (0..<20).map(String.init) + ["end"], "received")
            await a.close()
            await b.close()
        },
        Check(name: "Overlapping subscriptions of one client each receive the message once") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let wide = try await b.subscribe(to: [BusFilter("lap/#")], limit: 100, overflow: .dropOldest)
            let narrow = try await b.subscribe(to: [BusFilter("lap/a")], limit: 100, overflow: .dropOldest)
            let again = try await b.subscribe(to: [BusFilter("lap/a")], limit: 100, overflow: .dropOldest)
            let end = try await b.subscribe(to: [BusFilter("end")], limit: 100, overflow: .dropOldest)
            try await a.publish(BusMessage(topic: "lap/a", text: "1"))
            try await a.publish(BusMessage(topic: "lap/b", text: "2"))
            try await a.publish(BusMessage(topic: "end", text: "end"))
            _ = try await messages(of: end, count: 1)
            try expectEqual(texts(await wide.next() ?? []), ["1", "2"], "wide")
            try expectEqual(texts(await narrow.next() ?? []), ["1"], "narrow")
            try expectEqual(texts(await again.next() ?? []), ["1"], "again")
            await a.close()
            await b.close()
        },
        Check(name: "Ten thousand messages arrive, none lost, none twice") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let subscription = try await b.subscribe(to: [BusFilter("many/+")], limit: 20_000, overflow: .dropOldest)
            let count = 10_000
            try await withThrowingTaskGroup { group in
                for lane in 0..<10 {
                    group.addTask {
                        for i in stride(from: lane, to: count, by: 10) {
                            try await a.publish(BusMessage(topic: "many/\(lane)", text: "\(i)"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let received = try await messages(of: subscription, count: count)
            try expectEqual(received.count, count, "messages")
            try expectEqual(Set(texts(received)).count, count, "different messages")
            for lane in 0..<10 {
                let own = texts(received.filter { $0.topic == "many/\(lane)" }).compactMap { Int($0) }
                try expect(own == own.sorted(), "lane \(lane) is out of order")
            }
            try expectEqual(subscription.dropped, 0, "dropped")
            await a.close()
            await b.close()
        },
        Check(name: "A payload of 256 KiB arrives unchanged") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let subscription = try await b.subscribe(to: [BusFilter("large")], limit: 10, overflow: .dropOldest)
            let payload = (0..<262_144).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
            try await a.publish(BusMessage(topic: "large", payload: payload))
            let received = try await messages(of: subscription, count: 1)
            try expect(received.first?.payload == payload, "the payload changed")
            await a.close()
            await b.close()
        },
    ]
}
