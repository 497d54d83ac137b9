import Testing

@testable import ServiceHTTP

@Suite("Server-sent events") struct EventFeedTests {
    private func stream(_ opening: EventFeed.Opening) throws -> AsyncStream<[UInt8]> {
        guard case .stream(let stream) = opening else { throw Refused() }
        return stream
    }

    private struct Refused: Error {}

    @Test("A listener hears its greeting first, and then what is about its subjects")
    func subjects() async throws {
        let feed = EventFeed(listeners: 2, queue: 8)
        var heard = try stream(feed.open(["fleet", "a"], greeting: [0])).makeAsyncIterator()
        feed.send([1], to: "a")
        feed.send([2], to: "b")
        feed.send([3], to: "fleet")
        #expect(await heard.next() == [0])
        #expect(await heard.next() == [1])
        #expect(await heard.next() == [3])
        #expect(feed.count(of: "a") == 1 && feed.count(of: "b") == 0)
    }

    @Test("Beyond the limit listeners are refused; one that leaves makes room")
    func limit() throws {
        let feed = EventFeed(listeners: 1, queue: 8)
        func listen() throws {
            let kept = try stream(feed.open(["x"], greeting: []))
            guard case .refused(let answer) = feed.open(["x"], greeting: []) else { throw Refused() }
            #expect(answer.status == 503)
            withExtendedLifetime(kept) {}
        }
        try listen()
        #expect(feed.count == 0)
        _ = try stream(feed.open(["x"], greeting: []))
    }

    @Test("A listener that does not keep up is let go, holds no more than its queue, and harms no other")
    func slow() async throws {
        let feed = EventFeed(listeners: 2, queue: 3)
        let slow = try stream(feed.open(["x"], greeting: [0]))
        var quick = try stream(feed.open(["x"], greeting: [0])).makeAsyncIterator()
        _ = await quick.next()
        for event in 1...5 as ClosedRange<UInt8> {
            feed.send([event], to: "x")
            #expect(await quick.next() == [event])
        }
        #expect(feed.dropped == 1 && feed.count == 1)
        var held: [[UInt8]] = []
        for await event in slow { held.append(event) }
        #expect(held == [[0], [1], [2]], "what it has still to read, and then the end")
    }

    @Test("An event is written as the standard says")
    func form() {
        #expect(
            String(decoding: EventFeed.event("tick", Array("{}".utf8)), as: UTF8.self) == "event: tick\ndata: {}\n\n")
    }
}
