import BusAPI
import BusTesting
import JSON
import ModelArtifact
import ModelRegistry
import ServiceRuntime
import Telemetry
import Testing
import Zstd

@Suite(.timeLimit(.minutes(1))) struct BadCandidateTests {
    /// A candidate that must be refused, and words of the reason.
    struct Bad: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: String
        var make: @Sendable () throws -> (message: CandidateMessage, chunks: [[UInt8]])
    }

    static func good() throws -> [UInt8] { try TinyStudent.make().encode() }

    static func compress(_ bytes: [UInt8]) throws -> [UInt8] {
        var compressor = try ZstdCompressor()
        return try compressor.compress(bytes)
    }

    static let matrix: [Bad] = [
        Bad(testDescription: "a frame that is cut off", reason: "cut off") {
            let bytes = try good()
            return RegistryHarness.candidate(frame: Array(try compress(bytes).dropLast(20)), bytes)
        },
        Bad(testDescription: "a frame of noise", reason: "unpacked") {
            RegistryHarness.candidate(frame: (0..<700).map { UInt8($0 & 0xFF) }, try good())
        },
        Bad(testDescription: "a frame that unpacks to far more than it says", reason: "bytes") {
            let bytes = try good()
            return RegistryHarness.candidate(frame: try compress(Array(repeating: 0, count: 64 << 20)), bytes)
        },
        Bad(testDescription: "a frame that unpacks to less", reason: "instead of") {
            let bytes = try good()
            return RegistryHarness.candidate(frame: try compress(Array(bytes.dropLast())), bytes)
        },
        Bad(testDescription: "bytes of another digest", reason: "another digest") {
            let bytes = try good()
            var other = bytes
            other[other.count - 1] ^= 1
            return RegistryHarness.candidate(frame: try compress(other), bytes)
        },
        Bad(testDescription: "a file that is no safetensors", reason: "no usable student") {
            try RegistryHarness.candidate(Array("This is no student, and it is long enough to be read.".utf8))
        },
        Bad(testDescription: "a safetensors file that is cut off", reason: "no usable student") {
            try RegistryHarness.candidate(Array(try good().dropLast(100)))
        },
        Bad(testDescription: "a student of a task with other classes", reason: "another classes") {
            var task = TinyStudent.task()
            task.classes[1].name = "jump"
            return try RegistryHarness.candidate(TinyStudent.make(task: task).encode())
        },
        Bad(testDescription: "a student of another window", reason: "another window") {
            var task = TinyStudent.task()
            task.window = 24
            return try RegistryHarness.candidate(TinyStudent.make(task: task).encode())
        },
        Bad(testDescription: "a student of another model", reason: "another name") {
            try RegistryHarness.candidate(TinyStudent.make(task: TinyStudent.task("knee")).encode())
        },
        Bad(testDescription: "a student over the parameters allowed, whatever it says of itself", reason: "parameters")
        {
            var task = TinyStudent.task(parameters: 1 << 20)
            task.channels.append(.init(name: "z", unit: "m/s2"))
            task.name = "narrow"
            return try RegistryHarness.candidate(TinyStudent.make(task: task).encode(), model: "narrow")
        },
        Bad(testDescription: "a student over the bytes allowed", reason: "bytes; the task allows") {
            try RegistryHarness.candidate(Array(repeating: 7, count: 20_000))
        },
        Bad(testDescription: "a frame much larger than its student", reason: "at most") {
            let bytes = try good()
            return RegistryHarness.candidate(frame: Array(repeating: 7, count: 12_000), bytes)
        },
        Bad(testDescription: "golden vectors that do not hold", reason: "golden") {
            var student = try TinyStudent.make()
            student.golden[1].logits[0] += 1
            return try RegistryHarness.candidate(student.encode())
        },
        Bad(testDescription: "chunks of a frame with another digest", reason: "together") {
            var candidate = try RegistryHarness.candidate(try good())
            candidate.message.content.frame = String(repeating: "ab", count: 32)
            return candidate
        },
        Bad(testDescription: "a model without a task", reason: "no task") {
            try RegistryHarness.candidate(try good(), model: "unheard-of")
        },
    ]

    @Test("A bad candidate is refused with a reason, and nothing changes", arguments: matrix)
    func refused(_ bad: Bad) async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        var narrow = TinyStudent.task("narrow", parameters: 50)
        narrow.channels.append(.init(name: "z", unit: "m/s2"))
        try await harness.propose(narrow)
        let before = harness.broker.retained.filter { !$0.key.contains("/candidate/") }

        let candidate = try bad.make()
        let result = try await harness.offer(candidate)
        #expect(result.state == .refused)
        #expect(result.version == nil)
        #expect(result.reason?.contains(bad.reason) == true, "\(result.reason ?? "")")
        let reject = try RejectMessage(payload: try await harness.listener.next("reject/model-registry").payload)
        #expect(reject.topic.hasSuffix("candidate/\(candidate.message.digest)"))
        #expect(harness.board.counters["candidatesRefused"] == 1)
        #expect(harness.board.counters["rejected"] == 1)
        // The same again gets the same answer.
        let again = try await harness.offer(candidate)
        #expect(again.state == .refused)
        #expect(again.reason == result.reason)

        // A good one is still welcome, as version 1.
        #expect(harness.broker.retained.filter { !$0.key.contains("/candidate/") } == before)
        #expect(try await harness.offer(RegistryHarness.candidate(TinyStudent.make(seed: 9).encode())).version == 1)
        await harness.kill()
    }

    @Test(
        "A message that is no candidate is rejected",
        arguments: [
            "{", "[]", "{\"t\":1800000000}", "{\"t\":1e999}", "\u{FF}", "null",
            "{\"model\":\"wrist\",\"model\":\"wrist\"}",
        ])
    func malformed(_ text: String) async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let digest = String(repeating: "0a", count: 32)
        try await harness.publish(.candidate(model: "wrist", digest: digest), Array(text.utf8))
        let reject = try RejectMessage(payload: try await harness.listener.next("reject/model-registry").payload)
        #expect(reject.code == "malformed")
        let answer = try await harness.listener.next("model/wrist/candidate/\(digest)/result")
        #expect(try CandidateResult(payload: answer.payload).state == .refused)
        await harness.kill()
    }

    @Test("A candidate that names another topic than its own is rejected")
    func wrongTopic() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let candidate = try RegistryHarness.candidate(try Self.good())
        try await harness.publish(
            .candidate(model: "other", digest: candidate.message.digest), candidate.message.payload)
        let reject = try RejectMessage(payload: try await harness.listener.next("reject/model-registry").payload)
        #expect(reject.reason.contains("topic"))
        await harness.kill()
    }

    @Test("Chunks that do not fit are rejected, and the candidate is accepted once the right ones come")
    func badChunks() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let candidate = try RegistryHarness.candidate(try Self.good())
        let message = candidate.message
        try await harness.publish(.candidate(model: "wrist", digest: message.digest), message.payload)
        let frame = message.content.frame
        var wrong = candidate.chunks[0]
        wrong[0] ^= 1
        let bad: [(Int, [UInt8], String)] = [
            (0, candidate.chunks[0] + [0], "oversize"), (0, Array(candidate.chunks[0].dropLast()), "truncated"),
            (0, wrong, "digest"), (candidate.chunks.count, candidate.chunks[0], "range"),
        ]
        for (index, bytes, code) in bad {
            try await harness.publish(.chunk(digest: frame, index: index), bytes)
            let reject = try RejectMessage(payload: try await harness.listener.next("reject/model-registry").payload)
            #expect(reject.code == code)
        }
        #expect(try await harness.offer(candidate).version == 1)
        await harness.kill()
    }

    @Test(
        "A need or a report that cannot be used is rejected and sends nothing",
        arguments: [
            (Topic.need(model: "wrist", RegistryHarness.edge), "{}", "malformed"),
            (.need(model: "wrist", RegistryHarness.edge), "{\"missing\":[[3,1]]}", "malformed"),
            (.installed(model: "wrist", RegistryHarness.edge), "{\"t\":1800000000}", "malformed"),
            (
                .installed(model: "wrist", RegistryHarness.edge),
                "{\"t\":1800000000,\"state\":\"running\",\"digest\":\"x\"}", "malformed"
            ),
        ])
    func badFleetMessages(_ topic: Topic, _ text: String, _ code: String) async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        try await harness.publish(topic, Array(text.utf8))
        let reject = try RejectMessage(payload: try await harness.listener.next("reject/model-registry").payload)
        #expect(reject.code == code)
        #expect(try await harness.app.store.installed(model: "wrist").isEmpty)
        await harness.kill()
    }

    @Test("A need beyond the frame is rejected, one for an unknown frame is counted")
    func badNeeds() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let candidate = try RegistryHarness.candidate(try Self.good())
        _ = try await harness.offer(candidate)
        let offer = try await harness.offer(base: "none", target: candidate.message.digest)
        func need(_ frame: String, _ range: Range<Int>) async throws {
            let message = NeedMessage(
                t: harness.clock.now, model: "wrist", edge: "gw-north", base: "none", target: offer.target,
                frame: frame, missing: [range])
            try await harness.publish(.need(model: "wrist", RegistryHarness.edge), message.payload)
        }
        try await need(String(repeating: "0", count: 64), 0..<1)
        try await need(offer.content.frame, 0..<offer.content.chunks.count + 1)
        let reject = try RejectMessage(payload: try await harness.listener.next("reject/model-registry").payload)
        #expect(reject.code == "range")
        #expect(harness.board.counters["needsUnknown"] == 1)
        #expect(harness.board.counters["chunksSent"] == nil)
        await harness.kill()
    }
}
