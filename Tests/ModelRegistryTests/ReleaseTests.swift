import BusAPI
import BusTesting
import JSON
import ModelArtifact
import ModelDelta
import ModelRegistry
import ReleaseTrust
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReleaseTests {
    @Test("An accepted student can be verified and fetched from the root file and the bus alone")
    func firstVersion() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let bytes = try TinyStudent.make().encode()
        let candidate = try RegistryHarness.candidate(bytes)
        let result = try await harness.offer(candidate)
        #expect(result.state == .accepted)
        #expect(result.version == 1)

        let offer = try await harness.offer(base: "none", target: candidate.message.digest)
        let targets = try await harness.settled { $0.targets.contains { $0.student?.version == 1 } }
        #expect(targets.isDevelopment)
        let task = try #require(harness.retained(.task(model: "wrist")))
        #expect(targets.task(model: "wrist")?.sha256 == ContentDigest(of: task).hex)
        #expect(targets.task(model: "wrist")?.length == task.count)
        let student = try #require(
            targets.student(
                model: "wrist", profile: "x86-gateway", channel: "stable", site: "north", edge: "gw-north"))
        #expect(student.release.version == 1)
        #expect(student.target.sha256 == candidate.message.digest)
        #expect(student.target.length == bytes.count)

        let chunks = try await harness.fetch(offer)
        let frame = (0..<offer.content.chunks.count).flatMap { chunks[$0] ?? [] }
        #expect(ContentDigest(of: frame).hex == offer.content.frame)
        #expect(try DeltaCodec.decode(DeltaFrame(frame), base: nil, maximumBytes: bytes.count) == bytes)

        let release = try ReleaseMessage(
            payload: try #require(harness.retained(.release(model: "wrist", channel: "stable"))))
        #expect(release.version == 1)
        #expect(release.previous == nil)
        #expect(release.report == candidate.message.report)
        #expect(release.compressedBytes == candidate.message.content.bytes)

        try await harness.install(version: 1, digest: candidate.message.digest)
        let page = await harness.metrics { $0.contains("retort_registry_edges{") }
        for line in [
            "retort_registry_versions{model=\"wrist\"} 1",
            "retort_registry_released_version{model=\"wrist\",channel=\"stable\"} 1",
            "retort_registry_edges{model=\"wrist\",version=\"1\",state=\"running\"} 1",
            "retort_registry_edges_failing{model=\"wrist\"} 0",
            "retort_registry_offered_bytes{model=\"wrist\",method=\"full\"} \(frame.count)",
            "retort_registry_accepted_candidates_total 1", "retort_registry_sent_bytes_total \(frame.count)",
        ] {
            #expect(page.contains(line + "\n"), "no \(line) in\n\(page)")
        }
        #expect(page.contains("retort_registry_metadata_expiry_time_seconds{role=\"timestamp\"} 18000"))
        await harness.kill()
    }

    @Test("A second version travels as a delta for the base that edges run")
    func delta() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let first = try TinyStudent.make().encode()
        let base = ContentDigest(of: first).hex
        #expect(try await harness.offer(RegistryHarness.candidate(first)).version == 1)
        _ = try await harness.offer(base: "none", target: base)
        try await harness.install(version: 1, digest: base)

        let second = try TinyStudent.make(moved: 9, base: base).encode()
        let candidate = try RegistryHarness.candidate(second, base: base)
        #expect(try await harness.offer(candidate).version == 2)
        let full = try await harness.offer(base: "none", target: candidate.message.digest)
        let offer = try await harness.offer(base: base, target: candidate.message.digest)
        #expect(offer.method != "full")
        #expect(offer.content.bytes < full.content.bytes)
        let chunks = try await harness.fetch(offer)
        let frame = (0..<offer.content.chunks.count).flatMap { chunks[$0] ?? [] }
        #expect(try DeltaCodec.decode(DeltaFrame(frame), base: first, maximumBytes: second.count) == second)

        // What led to version 1 is taken back.
        _ = try await harness.listener.next("model/wrist/offer/none/\(base)") { $0.payload.isEmpty }
        #expect(harness.retained(.offer(model: "wrist", base: "none", target: base)) == nil)
        await harness.kill()
    }

    @Test("An edge that starts from a base later gets a delta for it")
    func lateBase() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let first = try TinyStudent.make().encode()
        let base = ContentDigest(of: first).hex
        _ = try await harness.offer(RegistryHarness.candidate(first))
        let candidate = try RegistryHarness.candidate(try TinyStudent.make(moved: 3, base: base).encode(), base: base)
        _ = try await harness.offer(candidate)
        let need = NeedMessage(
            t: harness.clock.now, model: "wrist", edge: "gw-north", base: base, target: candidate.message.digest,
            frame: nil, missing: [])
        try await harness.publish(.need(model: "wrist", RegistryHarness.edge), need.payload)
        #expect(try await harness.offer(base: base, target: candidate.message.digest).version == 2)
        await harness.kill()
    }

    @Test("Exactly the chunks asked for are sent, each once")
    func chunks() async throws {
        let harness = try await RegistryHarness(values: ["registry.chunkSize": "256"])
        try await harness.propose(TinyStudent.task())
        let candidate = try RegistryHarness.candidate(TinyStudent.make().encode())
        _ = try await harness.offer(candidate)
        let offer = try await harness.offer(base: "none", target: candidate.message.digest)
        try #require(offer.content.chunks.count >= 5)
        let chunks = try await harness.fetch(offer, missing: [2..<3, 4..<5, 1..<2])
        #expect(chunks.keys.sorted() == [1, 2, 4])
        for (index, chunk) in chunks { #expect(ContentDigest(of: chunk).hex == offer.content.chunks[index]) }
        // The whole frame next: everything before it was sent once.
        _ = try await harness.fetch(offer)
        let sent = harness.broker.published(matching: "retort/v1/chunk/\(offer.content.frame)/+")
        #expect(sent.count == 3 + offer.content.chunks.count)
        await harness.kill()
    }

    @Test("The same candidate again gets the same answer and no new version")
    func repeated() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let candidate = try RegistryHarness.candidate(TinyStudent.make().encode())
        let first = try await harness.offer(candidate)
        let again = try await harness.offer(candidate)
        #expect(first.version == 1 && again.version == 1)
        #expect(try await harness.app.store.versions(model: "wrist").map(\.version) == [1])
        await harness.kill()
    }

    @Test("Chunks that come twice, and a candidate repeated between them, do no harm")
    func duplicateChunks() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let candidate = try RegistryHarness.candidate(TinyStudent.make().encode(), chunkSize: 256)
        let message = candidate.message
        for (index, chunk) in candidate.chunks.enumerated().reversed() {
            try await harness.publish(.candidate(model: "wrist", digest: message.digest), message.payload)
            for _ in 0..<2 { try await harness.publish(.chunk(digest: message.content.frame, index: index), chunk) }
        }
        #expect(try await harness.result(message).version == 1)
        await harness.kill()
    }

    @Test("A timestamp is published after all that it stands for")
    func order() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let candidate = try RegistryHarness.candidate(TinyStudent.make().encode())
        _ = try await harness.offer(candidate)
        _ = try await harness.settled { $0.targets.contains { $0.student?.version == 1 } }
        let trust = harness.broker.published(matching: "retort/v1/trust/+").map { String($0.topic.dropFirst(16)) }
        #expect(trust.count.isMultiple(of: 3))
        for start in stride(from: 0, to: trust.count, by: 3) {
            #expect(Array(trust[start..<start + 3]) == ["targets", "snapshot", "timestamp"])
        }
        await harness.kill()
    }

    @Test("A rollback is signed as one, and a later version ends it")
    func rollback() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        for seed: UInt64 in 1...2 {
            _ = try await harness.offer(RegistryHarness.candidate(TinyStudent.make(seed: seed).encode()))
        }
        func desired(_ version: Int) async throws -> ReleaseTarget.Student? {
            try await harness.settled { $0.targets.contains { $0.student?.version == version } }
                .targets.compactMap(\.student).first
        }
        #expect(try await desired(2)?.isRollback == false)
        func request(_ payload: [UInt8]) async throws {
            try await harness.publish(.rollback(model: "wrist"), payload)
        }
        for (payload, code) in [
            (RollbackRequest(t: 1_800_000_000, version: 3).payload, "version"), ([0x7B], "malformed"),
        ] {
            try await request(payload)
            let reject = try RejectMessage(payload: try await harness.listener.next("reject/model-registry").payload)
            #expect(reject.code == code && reject.topic.hasSuffix("model/wrist/rollback"))
        }
        for _ in 0..<2 { try await request(RollbackRequest(t: 1_800_000_000, version: 1).payload) }
        #expect(try await desired(1)?.isRollback == true)
        #expect(try await harness.offer(RegistryHarness.candidate(TinyStudent.make(seed: 3).encode())).version == 3)
        #expect(try await desired(3)?.isRollback == false)
        await harness.kill()
    }
}
