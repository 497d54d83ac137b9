import Telemetry
import Testing

@testable import EdgeInference

@Suite("A model's way from desired to running") struct ModelInstallationTests {
    typealias Action = ModelInstallation.Action

    private static func hex(_ digit: Character) -> String { String(repeating: digit, count: 64) }
    private let one = ModelInstallation.Release(version: 1, digest: hex("1"), length: 1000, isRollback: false)
    private let two = ModelInstallation.Release(version: 2, digest: hex("2"), length: 1000, isRollback: false)

    private func offer(
        from base: String, to release: ModelInstallation.Release, frame: Character, method: String, bytes: Int = 100
    ) -> OfferMessage {
        OfferMessage(
            t: 1_760_000_000, model: "m", base: base, target: release.digest, version: release.version, method: method,
            content: ChunkedBytes(
                frame: Self.hex(frame), bytes: bytes, chunkSize: 16_384, chunks: [Self.hex("c")]))
    }

    private func installation(running: ModelInstallation.Release? = nil) -> ModelInstallation {
        ModelInstallation(
            running: running.map { .init(version: $0.version, digest: $0.digest) }, previous: nil,
            pace: .init(delay: 2, retry: 2, retryLimit: 60, random: { 0.5 }))
    }

    private func journal(_ release: ModelInstallation.Release, _ receipt: UpdateReceipt? = nil) -> SlotJournal {
        SlotJournal(
            active: .a, entries: [.a: .init(version: release.version, digest: release.digest, receipt: receipt)])
    }

    @Test("A newcomer takes the whole file, from offer to receipt")
    func newcomer() {
        var model = installation()
        var offers = OfferBook()
        let full = offer(from: "none", to: one, frame: "a", method: "full")
        offers.put(full, desired: nil)
        #expect(model.desire(one, offers: offers, now: 10) == [.report, .collect(full), .report])
        #expect(model.tick(offers: offers, now: 100) == [])
        model.subscribed(full.content.frame, have: 0, missing: [0..<1], now: 10)
        #expect(model.tick(offers: offers, now: 10.9) == [])
        #expect(
            model.tick(offers: offers, now: 11)
                == [.need(base: "none", target: one.digest, frame: full.content.frame, missing: [0..<1])])
        model.received(full.content.frame, have: 1, missing: [], now: 12)
        #expect(model.collected() == [.report])
        #expect(model.message(now: 12).state == .verifying)
        let actions = model.installed(from: full, journal(one, model.receipt(for: full, now: 14)))
        #expect(actions == [.abandon(frame: full.content.frame), .report])
        let message = model.message(now: 14)
        #expect(message.state == .running)
        #expect(message.running == 1 && message.method == "full" && message.bytes == 100 && message.seconds == 4)
    }

    @Test("Needs without an answer are repeated ever more rarely")
    func backoff() {
        var model = installation()
        #expect(model.desire(one, offers: OfferBook(), now: 0) == [.report])
        var times: [Double] = []
        for tenth in 0..<3000 {
            let now = Double(tenth) / 10
            if model.tick(offers: OfferBook(), now: now).contains(where: { if case .need = $0 { true } else { false } })
            {
                times.append(now)
            }
        }
        #expect(times == [1, 3, 7, 15, 31, 63, 123, 183, 243])
    }

    @Test("An edge that runs something prefers the update for its base, and after a while takes the whole file")
    func preference() {
        var offers = OfferBook()
        let full = offer(from: "none", to: two, frame: "a", method: "full")
        offers.put(full, desired: nil)
        var patient = installation(running: one)
        #expect(patient.desire(two, offers: offers, now: 0) == [.report])
        let ask = Action.need(base: one.digest, target: two.digest, frame: nil, missing: [])
        #expect(patient.tick(offers: offers, now: 1) == [ask])
        let delta = offer(from: one.digest, to: two, frame: "b", method: "residual")
        var late = patient
        offers.put(delta, desired: two.digest)
        #expect(patient.look(offers, now: 2) == [.collect(delta), .report])
        offers.remove(base: delta.base, target: delta.target)
        #expect(late.tick(offers: offers, now: 3) == [ask])
        #expect(late.tick(offers: offers, now: 7) == [.collect(full), .report])
    }

    @Test("An update that fails is followed by the whole file, once; when that fails too the version is refused")
    func fallback() {
        var offers = OfferBook()
        let full = offer(from: "none", to: two, frame: "a", method: "full")
        let delta = offer(from: one.digest, to: two, frame: "b", method: "residual")
        offers.put(full, desired: nil)
        offers.put(delta, desired: nil)
        var model = installation(running: one)
        #expect(model.desire(two, offers: offers, now: 0) == [.report, .collect(delta), .report])
        _ = model.collected()
        #expect(
            model.failed("wrong base", isRetriable: false, offers: offers, now: 1)
                == [.abandon(frame: delta.content.frame), .report, .collect(full), .report])
        #expect(model.refusals.count == 1)
        _ = model.collected()
        #expect(
            model.failed("golden", isRetriable: false, offers: offers, now: 2)
                == [.abandon(frame: full.content.frame), .report])
        #expect(model.message(now: 2).state == .refused)
        #expect(model.message(now: 2).running == 1)
        #expect(model.refusals.last == .init(version: 2, reason: "golden"))
        for second in 3..<200 { #expect(model.tick(offers: offers, now: Double(second)) == []) }
        // Another release is a new chance.
        let three = ModelInstallation.Release(version: 3, digest: Self.hex("3"), length: 1000, isRollback: false)
        #expect(model.desire(three, offers: offers, now: 300) == [.report])
        #expect(model.phase == .seeking)
    }

    @Test("A full disk is tried again")
    func retriable() {
        var offers = OfferBook()
        let full = offer(from: "none", to: one, frame: "a", method: "full")
        offers.put(full, desired: nil)
        var model = installation()
        _ = model.desire(one, offers: offers, now: 0)
        _ = model.failed("no space", isRetriable: true, offers: offers, now: 0)
        #expect(model.phase == .seeking)
        #expect(model.tick(offers: offers, now: 1) == [])
        #expect(model.tick(offers: offers, now: 10) == [.collect(full), .report])
    }

    @Test("There is no way back to an older version unless the release says so")
    func rollback() {
        var model = installation(running: two)
        _ = model.desire(one, offers: OfferBook(), now: 0)
        #expect(model.message(now: 0).state == .refused)
        #expect(model.message(now: 0).refused.first?.version == 1)
        var back = one
        back.isRollback = true
        _ = model.desire(back, offers: OfferBook(), now: 0)
        #expect(model.phase == .seeking)
    }

    @Test("An offer larger than the signed student can need is refused before any space is reserved")
    func oversize() {
        var offers = OfferBook()
        offers.put(offer(from: "none", to: one, frame: "a", method: "full", bytes: 16_000), desired: nil)
        var model = installation()
        #expect(model.desire(one, offers: offers, now: 0) == [.report, .report])
        #expect(model.phase == .seeking)
        #expect(model.refusals.first?.version == 1)
    }

    @Test("A new wish ends the download under way")
    func change() {
        var offers = OfferBook()
        let full = offer(from: "none", to: one, frame: "a", method: "full")
        offers.put(full, desired: nil)
        var model = installation()
        _ = model.desire(one, offers: offers, now: 0)
        #expect(model.desire(two, offers: offers, now: 1) == [.abandon(frame: full.content.frame), .report])
        // A student of the earlier wish that was being switched to is what runs nevertheless.
        #expect(model.installed(from: full, journal(one)) == [.report])
        #expect(model.running?.version == 1)
        #expect(model.phase == .seeking)
    }

    @Test("Offers are bounded, and what is desired stays")
    func book() {
        var offers = OfferBook()
        offers.put(offer(from: "none", to: one, frame: "a", method: "full"), desired: one.digest)
        for number in 0..<200 {
            let digits = String(number, radix: 16)
            let target = String(repeating: "0", count: 64 - digits.count) + digits
            let release = ModelInstallation.Release(version: 9, digest: target, length: 1, isRollback: false)
            offers.put(offer(from: "none", to: release, frame: "b", method: "full"), desired: one.digest)
        }
        #expect(offers.count == OfferBook.limit)
        #expect(offers.offer(base: "none", target: one.digest) != nil)
    }
}
