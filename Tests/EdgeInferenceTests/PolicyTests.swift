import Telemetry
import Testing

@testable import EdgeInference

@Suite("Which windows go up") struct PolicyTests {
    private func window(_ number: Int) -> WindowID {
        WindowID(device: "d", start: 1_760_000_000 + Double(number) * 2.5)
    }

    @Test("Before a student runs, training devices upload everything and evaluation devices nothing")
    func bootstrap() {
        #expect(UploadPolicy.bootstrap(isEvaluation: false) == .init(reason: .bootstrap, want: .training))
        #expect(UploadPolicy.bootstrap(isEvaluation: true) == nil)
    }

    @Test("Every window of an evaluation device asks for a verdict, and none ever trains")
    func evaluation() {
        var policy = UploadPolicy(sampleShare: 1, rate: 1, burst: 1, now: 0)
        for number in 0..<50 {
            let choice = policy.choose(window(number), isEvaluation: true, isUncertain: number % 2 == 0, now: 0)
            #expect(choice == .init(reason: .sample, want: .verdict))
        }
    }

    @Test("Uncertain windows are limited by rate, and the limited ones are counted")
    func rate() {
        var policy = UploadPolicy(sampleShare: 0, rate: 2, burst: 3, now: 100)
        func asked(_ now: Double) -> Int {
            (0..<10).count { policy.choose(window($0), isEvaluation: false, isUncertain: true, now: now) != nil }
        }
        #expect(asked(100) == 3)
        #expect(asked(101) == 2)
        #expect(asked(1000) == 3)
        #expect(policy.limited == 22)
    }

    @Test("The sampled share is near what was asked for, and the same windows are drawn again")
    func share() {
        var policy = UploadPolicy(sampleShare: 0.1, rate: 1, burst: 1, now: 0)
        let first = (0..<5000).map { policy.choose(window($0), isEvaluation: false, isUncertain: false, now: 0) }
        let second = (0..<5000).map { policy.choose(window($0), isEvaluation: false, isUncertain: false, now: 9) }
        #expect(first == second)
        #expect((400...600).contains(first.count { $0 != nil }))
        #expect(first.allSatisfy { $0 == nil || $0 == .init(reason: .sample, want: .training) })
    }

    private func decision(_ number: Int) -> InferenceMessage {
        InferenceMessage(
            t: 1_760_000_000, window: window(number).description, from: 1_760_000_000, to: 1_760_000_005, edge: "e",
            version: 1, decision: .label("a", superclass: nil, confidence: 0.5), latencyMicroseconds: 1)
    }

    private func key(_ number: Int) -> PendingVerdicts.Key {
        PendingVerdicts.Key(model: "m", device: DeviceID(site: "s", device: "d"), window: window(number))
    }

    @Test("A verdict answers its question once, and not when it comes too late")
    func pending() {
        var pending = PendingVerdicts(limit: 10, age: 5)
        pending.ask(key(1), decision(1), now: 0)
        pending.ask(key(2), decision(2), now: 3)
        #expect(pending.answer(key(1), now: 4)?.decision == decision(1))
        #expect(pending.answer(key(1), now: 4) == nil)
        #expect(pending.answer(key(2), now: 8.1) == nil)
        #expect(pending.expired == 1)
    }

    @Test("Questions are bounded: the oldest go, and are counted")
    func bounded() {
        var pending = PendingVerdicts(limit: 100, age: 1e9)
        for number in 0..<5000 { pending.ask(key(number), decision(number), now: 0) }
        #expect(pending.count == 100)
        #expect(pending.expired == 4900)
        #expect(pending.answer(key(4899), now: 0) == nil)
        #expect(pending.answer(key(4900), now: 0) != nil)
    }

    @Test("A full mailbox drops the oldest and counts them")
    func mailbox() async throws {
        let mailbox = Mailbox<Int>(limit: 32)
        for number in 0..<100 { mailbox.put(number) }
        let held = try #require(await mailbox.next())
        #expect(held.last == 99)
        #expect(held.count <= 32)
        #expect(held.count + mailbox.dropped == 100)
        mailbox.finish()
        #expect(await mailbox.next() == nil)
    }
}
