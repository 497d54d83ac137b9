import BusAPI

extension BusConformance {
    static let limitChecks: [Check] = [
        Check(name: "A full subscription drops the oldest or the newest as asked, and counts it") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let newest = try await b.subscribe(to: [BusFilter("full/x")], limit: 4, overflow: .dropNewest)
            let oldest = try await b.subscribe(to: [BusFilter("full/+")], limit: 4, overflow: .dropOldest)
            let end = try await b.subscribe(to: [BusFilter("end")], limit: 4, overflow: .dropOldest)
            for i in 0..<10 { try await a.publish(BusMessage(topic: "full/x", text: "\(i)")) }
            try await a.publish(BusMessage(topic: "end", text: "end"))
            _ = try await messages(of: end, count: 1)
            try expectEqual(newest.depth, 4, "depth")
            try expectEqual(texts(await newest.next() ?? []), ["0", "1", "2", "3"], "held by dropNewest")
            try expectEqual(texts(await oldest.next() ?? []), ["6", "7", "8", "9"], "held by dropOldest")
            try expectEqual(newest.dropped, 6, "dropped by dropNewest")
            try expectEqual(oldest.dropped, 6, "dropped by dropOldest")
            try expectEqual(b.statistics.dropped, 12, "dropped by the client")
            await a.close()
            await b.close()
        },
        Check(name: "A cancelled subscription ends after what it held and receives nothing more") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let subscription = try await b.subscribe(to: [BusFilter("stop")], limit: 10, overflow: .dropOldest)
            let other = try await b.subscribe(to: [BusFilter("stop")], limit: 10, overflow: .dropOldest)
            try await a.publish(BusMessage(topic: "stop", text: "1"))
            _ = try await messages(of: other, count: 1)
            subscription.cancel()
            subscription.cancel()
            try await a.publish(BusMessage(topic: "stop", text: "2"))
            try expectEqual(texts(try await messages(of: other, count: 1)), ["2"], "received by the other one")
            try expectEqual(texts(await subscription.next() ?? []), ["1"], "held")
            try expect(await subscription.next() == nil, "the sequence goes on")
            other.cancel()
            await a.close()
            await b.close()
        },
        Check(name: "Cancelling the consuming task ends the sequence") { harness in
            let bus = try await harness.connect("a")
            let subscription = try await bus.subscribe(to: [BusFilter("idle")], limit: 10, overflow: .dropOldest)
            let consumer = Task { await subscription.next() == nil }
            consumer.cancel()
            try expect(await consumer.value, "a message came from nowhere")
            await bus.close()
        },
        Check(name: "Invalid topics and filters are refused") { harness in
            let bus = try await harness.connect("a")
            for topic in ["", "a/#", "a/+/b", "a\u{0}b", String(repeating: "x", count: 65_536)] {
                try await expectError(.invalidTopic, "publishing on '\(topic.prefix(10))'") {
                    try await bus.publish(BusMessage(topic: topic, text: "1"))
                }
            }
            for filter in ["", "a/#/b", "a#", "+a", "a/b+", "a\u{0}"] {
                try await expectError(.invalidTopic, "subscribing to '\(filter)'") {
                    _ = try await bus.subscribe(to: [BusFilter(filter)], limit: 10, overflow: .dropOldest)
                }
            }
            try await bus.publish(BusMessage(topic: "still/alive", text: "1"))
            await bus.close()
        },
    ]
}
