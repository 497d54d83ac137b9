import BusAPI

extension BusConformance {
    static let retainedChecks: [Check] = [
        Check(name: "A retained message is given to newcomers, marked as kept, and to others unmarked") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            let early = try await b.subscribe(to: [BusFilter("kept/#")], limit: 10, overflow: .dropOldest)
            try await a.publish(BusMessage(topic: "kept/x", text: "1", retained: true))
            try await a.publish(BusMessage(topic: "kept/x", text: "2", retained: true))
            try await a.publish(BusMessage(topic: "kept/y", text: "live"))
            let live = try await messages(of: early) { $0.topic == "kept/y" }
            try expectEqual(live.map(\.retained), [false, false, false], "marks of what came live")
            let late = try await a.subscribe(to: [BusFilter("kept/+")], limit: 10, overflow: .dropOldest)
            let kept = try await messages(of: late, count: 1)
            try expectEqual(texts(kept), ["2"], "kept")
            try expectEqual(kept.map(\.retained), [true], "marks of what was kept")
            await a.close()
            await b.close()
        },
        Check(name: "A second subscription to the same filter is given what is kept, too") { harness in
            let bus = try await harness.connect("a")
            try await bus.publish(BusMessage(topic: "kept/again", text: "1", retained: true))
            let first = try await bus.subscribe(to: [BusFilter("kept/again")], limit: 10, overflow: .dropOldest)
            try expectEqual(texts(try await messages(of: first, count: 1)), ["1"], "first")
            let second = try await bus.subscribe(to: [BusFilter("kept/again")], limit: 10, overflow: .dropOldest)
            try expectEqual(texts(try await messages(of: second, count: 1)), ["1"], "second")
            await bus.close()
        },
        Check(name: "An empty retained payload clears what was kept") { harness in
            let (a, b) = (try await harness.connect("a"), try await harness.connect("b"))
            try await a.publish(BusMessage(topic: "clear/x", text: "1", retained: true))
            let watcher = try await b.subscribe(to: [BusFilter("clear/x")], limit: 10, overflow: .dropOldest)
            _ = try await messages(of: watcher, count: 1)
            try await a.publish(BusMessage(topic: "clear/x", payload: [], retained: true))
            let deletion = try await messages(of: watcher, count: 1)
            try expectEqual(deletion.map(\.payload), [[]], "deletion seen by subscribers")
            let late = try await a.subscribe(to: [BusFilter("clear/#")], limit: 10, overflow: .dropOldest)
            try await b.publish(BusMessage(topic: "clear/end", text: "end"))
            let rest = try await messages(of: late) { $0.topic == "clear/end" }
            try expectEqual(texts(rest), ["end"], "received by a newcomer")
            await a.close()
            await b.close()
        },
    ]
}
