import BusAPI
import BusTesting
import Foundation
import JSON
import ModelArtifact
@testable import ModelRegistry
import ReleaseTrust
import Storage
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(1))) struct RestartTests {
    /// What the registry keeps retained.
    static func standing(_ broker: InMemoryBroker) -> [String: [UInt8]] {
        broker.retained.filter { !$0.key.contains("/candidate/") && !$0.key.contains("/installed/") }
            .mapValues(\.payload)
    }

    static func populate(_ harness: RegistryHarness) async throws -> (first: String, second: String) {
        try await harness.propose(TinyStudent.task())
        let first = try TinyStudent.make().encode()
        let base = ContentDigest(of: first).hex
        _ = try await harness.offer(RegistryHarness.candidate(first))
        _ = try await harness.offer(base: "none", target: base)
        try await harness.install(version: 1, digest: base)
        let second = try RegistryHarness.candidate(try TinyStudent.make(moved: 9, base: base).encode(), base: base)
        _ = try await harness.offer(second)
        _ = try await harness.offer(base: base, target: second.message.digest)
        _ = try await harness.offer(base: "none", target: second.message.digest)
        _ = try await harness.listener.next("model/wrist/offer/none/\(base)") { $0.payload.isEmpty }
        return (base, second.message.digest)
    }

    @Test("A killed registry brings everything back, byte for byte, to a broker that has lost it")
    func emptyBroker() async throws {
        let harness = try await RegistryHarness()
        _ = try await Self.populate(harness)
        let before = Self.standing(harness.broker)
        let left = try harness.folder.snapshot()
        await harness.kill()

        let revived = try await RegistryHarness(folder: left, clock: harness.clock)
        _ = try await revived.listener.next("trust/timestamp")
        #expect(Self.standing(revived.broker) == before)
        #expect(try await revived.app.store.versions(model: "wrist").map(\.version) == [1, 2])
        #expect(try revived.verified(root: harness.folder.read("trust/root.json")).targets.count == 2)
        #expect(try await revived.offer(RegistryHarness.candidate(TinyStudent.make(seed: 5).encode())).version == 3)
        await revived.kill()
    }

    @Test("After the broker's restart everything retained is published again")
    func reconnect() async throws {
        let harness = try await RegistryHarness()
        _ = try await Self.populate(harness)
        let standing = Self.standing(harness.broker)
        let before = harness.broker.published().count
        harness.broker.stop()
        harness.broker.start()
        // The timestamp is the last of a complete round.
        while true {
            _ = try await harness.listener.next("trust/timestamp")
            let again = Set(harness.broker.published().dropFirst(before).map(\.topic))
            if again.isSuperset(of: standing.keys) { break }
        }
        #expect(Self.standing(harness.broker) == standing)
        await harness.kill()
    }

    @Test("A version stored and not yet published is published after a restart")
    func betweenStoreAndPublish() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let candidate = try RegistryHarness.candidate(TinyStudent.make().encode())
        // Killed between the commit and the first word about it.
        await harness.kill()
        let task = try #require(try await harness.app.store.task(model: "wrist"))
        let judged = try await CandidateJudge.judge(
            candidate.message, frame: Array(candidate.chunks.joined()), task: task)
        #expect(try await harness.app.store.accept(judged, now: harness.clock.now).version == 1)
        let left = try harness.folder.snapshot()

        let revived = try await RegistryHarness(folder: left, clock: harness.clock)
        _ = try await revived.listener.next("trust/timestamp")
        #expect(try revived.verified().targets.compactMap(\.student?.version) == [1])
        // The distiller, still without an answer, repeats itself.
        #expect(try await revived.offer(candidate).version == 1)
        #expect(try await revived.app.store.versions(model: "wrist").count == 1)
        await revived.kill()
    }

    @Test("Half a candidate is forgotten by a restart and accepted when it is repeated")
    func halfACandidate() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let candidate = try RegistryHarness.candidate(TinyStudent.make().encode(), chunkSize: 256)
        try await harness.send((candidate.message, Array(candidate.chunks.dropLast())))
        let left = try harness.folder.snapshot()
        await harness.kill()
        let revived = try await RegistryHarness(folder: left, clock: harness.clock)
        #expect(try await revived.offer(candidate).version == 1)
        await revived.kill()
    }

    @Test("No metadata version is ever published with two contents, over kills and restarts")
    func versionsAreNeverReused() async throws {
        let broker = InMemoryBroker()
        let clock = RegistryHarness.TestClock(1_800_000_000)
        var folder = try TestFolder()
        var kept: [TestFolder] = []
        for round in 0..<3 {
            let harness = try await RegistryHarness(folder: folder, broker: broker, clock: clock)
            if round == 0 { try await harness.propose(TinyStudent.task()) }
            let candidate = try RegistryHarness.candidate(TinyStudent.make(seed: UInt64(round + 1)).encode())
            #expect(try await harness.offer(candidate).version == round + 1)
            clock.advance(by: 50_000)
            kept.append(folder)
            folder = try folder.snapshot()
            await harness.kill()
        }
        var seen: [String: [UInt8]] = [:]
        for message in broker.published(matching: "retort/v1/trust/#") {
            let signed = try JSONObjectReader(JSONValue(parsing: message.payload)).object("signed")
            let key = "\(try signed.string("_type")) \(try signed.integer("version"))"
            #expect(seen[key] == nil || seen[key] == message.payload, "\(key) has two contents")
            seen[key] = message.payload
        }
        #expect(seen.count > 9)
    }

    @Test("An offer that became obsolete while the registry was down is taken back")
    func obsoleteOffers() async throws {
        let harness = try await RegistryHarness()
        let digests = try await Self.populate(harness)
        let offer = Topic.offer(model: "wrist", base: "none", target: digests.second)
        #expect(harness.retained(offer) != nil)
        await harness.kill()
        // Rolled back and killed again before a word was said on the bus.
        let away = InMemoryBroker().connect("away")
        let silent = try await RegistryHarness.makeApp(folder: harness.folder, bus: away, clock: harness.clock)
        try await silent.store.rollback(model: "wrist", to: 1, now: harness.clock.now)

        let revived = try await RegistryHarness(folder: harness.folder, broker: harness.broker, clock: harness.clock)
        _ = try await revived.listener.next("model/wrist/offer/none/\(digests.second)") { $0.payload.isEmpty }
        #expect(revived.retained(offer) == nil)
        _ = try await revived.offer(base: "none", target: digests.first)
        await revived.kill()
    }

    @Test("What edges run is remembered, and forgotten when their report is deleted")
    func ledger() async throws {
        let harness = try await RegistryHarness()
        let digests = try await Self.populate(harness)
        await harness.kill()
        let revived = try await RegistryHarness(folder: harness.folder, clock: harness.clock)
        #expect(try await revived.app.store.installed(model: "wrist")[RegistryHarness.edge]?.digest == digests.first)
        try await revived.publish(.installed(model: "wrist", RegistryHarness.edge), [], retained: true)
        // A report of another edge behind it shows that the deletion was dealt with.
        try await revived.install(version: 1, digest: digests.first, edge: EdgeID(site: "south", edge: "gw-south"))
        while try await revived.app.store.installed(model: "wrist").keys.contains(RegistryHarness.edge) {
            await Task.yield()
        }
        await revived.kill()
    }
}
