import BusAPI
import BusTesting
import JSON
import ModelArtifact
import ModelDelta
import ReleaseTrust
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("What an edge refuses", .serialized) struct RefusalTests {
    /// Bad telemetry with the code of its rejection.
    static let telemetry: [(payload: String, code: String)] = [
        ("{", "malformed"), ("[1,2]", "wrongType"), (#"{"t":1760000000,"t":1}"#, "duplicateKey"),
        (#"{"t":1760000000,"dt":0.1,"channels":["a","b"],"values":[[1,2,3]]}"#, "wrongType"),
        (#"{"t":1760000000,"dt":0.1,"channels":["a","b"],"values":[[1,NaN]]}"#, "malformed"),
        (#"{"t":1760000000,"dt":0.1,"channels":["a","b"],"values":[[1,1e300]]}"#, "wrongType"),
        (#"{"t":17,"dt":0.1,"channels":["a","b"],"values":[[1,2]]}"#, "wrongType"),
        (#"{"t":99999999999,"dt":0.1,"channels":["a","b"],"values":[[1,2]]}"#, "wrongType"),
        (#"{"t":1760000000,"dt":0.1,"channels":["a","a"],"values":[[1,2]]}"#, "wrongType"),
        (#"{"t":1760000000,"dt":0.1,"channels":["x","y"],"values":[[1,2]]}"#, "channels"),
        (#"{"t":1760000000,"dt":0.7,"channels":["a","b"],"values":[[1,2],[3,4]]}"#, "rate"),
        (String(repeating: "[", count: 200), "tooDeep"),
    ]

    @Test("Telemetry that cannot be used is refused with a reason and a counter, and the next is used")
    func badTelemetry() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            var expected = edge.board.counters["rejected"] ?? 0
            for (payload, code) in Self.telemetry {
                try await fixture.send(.telemetry(DeviceID(site: "north", device: "train-1")), Array(payload.utf8))
                expected += 1
                fixture.clock.advance(1)
                try await fixture.wait("a rejection of \(payload.prefix(70)) as \(code)") {
                    try edge.board.counters["rejected"] == expected && fixture.rejects.last?.code == code
                }
                #expect(try #require(fixture.rejects.last).topic == "retort/v1/telemetry/north/train-1")
            }
            try await fixture.world.publish(
                BusMessage(topic: "retort/v1/telemetry/north/Bad Name", text: "{}", qos: .atMostOnce))
            try await fixture.waitForRejection("topic")
            await edge.app.loop.receive(
                [
                    BusMessage(
                        topic: "retort/v1/telemetry/north/train-1", payload: [UInt8](repeating: 0x20, count: 2 << 20))
                ])
            try await fixture.waitForRejection("oversize")
            #expect(try fixture.windows.isEmpty)
            try await fixture.telemetry("train-1", second: 0, level: 1)
            try await fixture.wait("a good window") { try fixture.windows.count == 1 }
        }
    }

    @Test("Gaps refuse windows instead of making wrong ones, and are counted")
    func gaps() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.telemetry("train-1", second: 0, level: 1, count: 2)
            try await fixture.telemetry("train-1", second: 3, level: 1, count: 6)
            try await fixture.wait("the windows around the gap") { try fixture.windows.count == 14 }
            await edge.app.loop.sweep(dropped: 5)
            #expect(edge.board.counters["gaps"] == 1)
            // Those five are of a subscription, which the status counts by itself.
            #expect(edge.board.counters["telemetryDropped"] == 5 && edge.board.counters["dropped"] == 0)
            #expect(edge.board.counters["refused"] == 3)
            #expect(edge.board.counters["missingSamples"] == 10)
        }
    }

    @Test("More devices than configured are refused")
    func deviceLimit() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(["edge.devices": "2"]) { edge in
            try await fixture.waitForTask(edge)
            try await fixture.telemetry("train-1", second: 0, level: 1)
            try await fixture.telemetry("train-2", second: 0, level: 1)
            try await fixture.waitForRejection("devices", on: "retort/v1/telemetry/north/train-2")
            #expect(try fixture.windows.allSatisfy { $0.window.hasPrefix("train-1") })
        }
    }

    @Test("A task that is not the signed target is refused and said so")
    func unsignedTask() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            let other = TinyStudent.task(name: "level", evaluation: [])
            try await fixture.registry.publish(.task(model: "level"), other.json.bytes)
            try await fixture.registry.publish(.task(model: "free"), TinyStudent.task(name: "free").json.bytes)
            // The edge gives the metadata time to arrive before it complains.
            try await fixture.wait("both are refused") {
                fixture.clock.advance(ReleaseCatalog.patience + 1)
                let topics = try fixture.rejects.filter { $0.code == "unsigned" }.map(\.topic)
                return Set(topics) == ["retort/v1/model/level/task", "retort/v1/model/free/task"]
            }
            #expect(try fixture.installed("free") == nil)
            // The signed one still holds: test-1 stays an evaluation device.
            try await fixture.telemetry("test-1", second: 0, level: 1)
            try await fixture.telemetry("train-1", second: 0, level: 1)
            try await fixture.wait("a window") { try fixture.windows.count == 1 }
            #expect(try fixture.windows.first?.window.hasPrefix("train-1") == true)
        }
    }

    @Test("Metadata that is malformed, forged or old is refused, and what was trusted stays")
    func metadata() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            let trusted = fixture.broker.retained["retort/v1/trust/timestamp"]
            try await fixture.registry.publish(.timestamp, Array("{}".utf8))
            try await fixture.waitForRejection("malformed", on: "retort/v1/trust/timestamp")
            var forged = try #require(trusted).payload
            // The signature itself: with another key id the edge would rightly wait for a later root.
            let mark = Array("\"sig\":\"".utf8)
            let at = try #require(
                forged.indices.first { forged[$0...].starts(with: mark) }.map { $0 + mark.count })
            forged[at] = forged[at] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
            try await fixture.registry.publish(.timestamp, forged)
            try await fixture.wait("the forged one is refused") { (edge.board.counters["rejected"] ?? 0) >= 2 }
            try await fixture.registry.sign()
            try await fixture.registry.publish(.timestamp, try #require(trusted).payload)
            try await fixture.waitForRejection("rollback", on: "retort/v1/trust/timestamp")
            #expect(edge.board.details["trust"]?.object?["state"] == .string("ready"))
        }
    }

    @Test("An expired timestamp stops installs, never inference, and is said once")
    func expired() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.install(try TinyStudent.student(), version: 1)
            fixture.clock.advance(31 * 86_400)
            try await fixture.wait("expiry is noticed") {
                edge.board.details["trust"]?.object?["state"] == .string("expired")
            }
            let file = try TinyStudent.student(weight: 11).encode()
            fixture.registry.add(TinyRegistry.target(file, version: 2))
            try await fixture.registry.sign(timestampDays: -1)
            let frame = try await fixture.registry.offer(file, version: 2)
            try await fixture.registry.sendAll(frame)
            try await fixture.telemetry("train-1", second: 0, level: 1, count: 2)
            try await fixture.wait("inference goes on") { try fixture.inferences.count == 3 }
            #expect(try fixture.inferences.allSatisfy { $0.version == 1 })
            #expect(try fixture.installed()?.running == 1)
            #expect(try fixture.rejects.contains { $0.code == "expired" })
        }
    }

    @Test("A tampered chunk is refused, and the right one still leads to the student")
    func tamperedChunk() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            let file = try TinyStudent.student().encode()
            fixture.registry.add(TinyRegistry.target(file, version: 1))
            try await fixture.registry.sign()
            let frame = try await fixture.registry.offer(file, version: 1)
            try await fixture.wait("a need") {
                try !fixture.published(NeedMessage.self, "model/level/need/#").isEmpty
            }
            try await fixture.registry.send(chunk: 0, of: frame, spoilt: true)
            try await fixture.waitForRejection("digest")
            #expect(try fixture.installed()?.running == nil)
            try await fixture.registry.sendAll(frame)
            try await fixture.wait("it runs") { try fixture.installed()?.running == 1 }
        }
    }

    @Test("Chunks that had arrived before a kill are not asked for again")
    func resume() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        let file = try TinyStudent.student().encode()
        var frame: TinyRegistry.Frame?
        try await fixture.run(isKilled: true) { edge in
            try await fixture.waitForTask(edge)
            fixture.registry.add(TinyRegistry.target(file, version: 1))
            try await fixture.registry.sign()
            let made = try await fixture.registry.offer(file, version: 1)
            frame = made
            try await fixture.wait("a need") {
                try !fixture.published(NeedMessage.self, "model/level/need/#").isEmpty
            }
            try await fixture.registry.send(chunk: 1, of: made)
            try await fixture.wait("the chunk is kept") { edge.board.counters["chunks"] == 1 }
        }
        let needs = try fixture.published(NeedMessage.self, "model/level/need/#").count
        let made = try #require(frame)
        let count = made.offer.content.chunks.count
        try await fixture.run { edge in
            try await fixture.wait("a need of the rest") {
                try fixture.published(NeedMessage.self, "model/level/need/#").count > needs
            }
            let need = try #require(try fixture.published(NeedMessage.self, "model/level/need/#").last)
            #expect(need.missing == [0..<1, 2..<count])
            for index in 0..<count where index != 1 { try await fixture.registry.send(chunk: index, of: made) }
            try await fixture.wait("it runs") { try fixture.installed()?.running == 1 }
        }
    }

    /// Updates that must not be installed, each made from the bytes of a sound one.
    static let badDeltas: [String: @Sendable ([UInt8]) throws -> [UInt8]] = [
        "a byte changed": { bytes in
            var bytes = bytes
            bytes[bytes.count - 3] ^= 0x55
            return bytes
        },
        "cut off within the zstd frame": { Array($0.dropLast(9)) },
        "cut off within its own head": { Array($0.prefix(20)) },
        "made for another base": { _ in
            let other = try TinyStudent.student(weight: 7).encode()
            return try DeltaCodec.encode(base: other, target: try TinyStudent.student(weight: 11).encode()).bytes
        },
    ]

    @Test(
        "A delta that does not yield the signed student is refused, and the whole file is taken instead",
        arguments: badDeltas.keys.sorted())
    func wrongDelta(kind: String) async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        let spoil = try #require(Self.badDeltas[kind])
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            let first = try await fixture.install(try TinyStudent.student(), version: 1)
            let file = try TinyStudent.student(weight: 11).encode()
            fixture.registry.add(TinyRegistry.target(file, version: 2))
            try await fixture.registry.offer(file, base: first, version: 2, alter: spoil)
            try await fixture.registry.offer(file, version: 2)
            try await fixture.registry.sign()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await fixture.registry.answer(edge: EdgeFixture.edge) }
                try await fixture.wait("version 2 runs") { try fixture.installed()?.running == 2 }
                group.cancelAll()
            }
            let installed = try #require(try fixture.installed())
            #expect(installed.method == "full")
            #expect(installed.refused.count == 1)
            #expect(try fixture.rejects.contains { $0.topic.contains("/offer/") && $0.code == "malformed" })
            #expect(edge.board.counters["refusedReleases"] == 1)
        }
    }

    /// Releases a file that must not run, and waits for the refusal.
    private func refuse(_ file: [UInt8], _ fixture: EdgeFixture, code: String) async throws {
        fixture.registry.add(TinyRegistry.target(file, version: 2))
        try await fixture.registry.sign()
        try await fixture.registry.offer(file, version: 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await fixture.registry.answer(edge: EdgeFixture.edge) }
            try await fixture.wait("a refusal") { try fixture.installed()?.state == .refused }
            group.cancelAll()
        }
        let installed = try #require(try fixture.installed())
        #expect(installed.running == 1 && installed.desired == 2)
        #expect(installed.refused.last?.version == 2)
        #expect(try fixture.rejects.contains { $0.code == code && $0.topic.contains("/offer/") })
    }

    @Test(
        "A signed file that cannot run here is refused, and the student before goes on",
        arguments: [("garbage", "malformed"), ("golden", "golden"), ("classes", "malformed"), ("limits", "tooLarge")])
    func unusableStudent(kind: String, code: String) async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.install(try TinyStudent.student(), version: 1)
            var student = try TinyStudent.student(weight: 11)
            switch kind {
            case "golden": student.golden[0].logits[1] += 1
            case "classes":
                student = try TinyStudent.student(task: TinyStudent.task(classes: ["low", "middle"]), weight: 11)
            case "limits": student.task.student.parameters = 3
            default: break
            }
            try await refuse(kind == "garbage" ? [1, 2, 3, 4] : student.encode(), fixture, code: code)
            try await fixture.telemetry("train-1", second: 0, level: 1)
            try await fixture.wait("inference goes on") { try fixture.inferences.last?.version == 1 }
        }
    }

    @Test("A student for other hardware is not fetched, and the edge says why")
    func otherProfile() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            fixture.registry.add(
                TinyRegistry.target(try TinyStudent.student().encode(), version: 1, profile: "rpi5"))
            try await fixture.registry.sign()
            try await fixture.wait("the reason") { try fixture.installed()?.refused.isEmpty == false }
            let installed = try #require(try fixture.installed())
            #expect(installed.state == .waiting && installed.desired == nil)
            #expect(installed.refused.first?.reason.contains("rpi5") == true)
        }
    }

    @Test("There is no way back to an older version unless the release says so")
    func rollback() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.install(try TinyStudent.student(), version: 2)
            let old = try TinyStudent.student(weight: 9).encode()
            fixture.registry.remove(path: "students/level/2.safetensors")
            fixture.registry.add(TinyRegistry.target(old, version: 1))
            try await fixture.registry.sign()
            try await fixture.wait("the refusal") { try fixture.installed()?.state == .refused }
            #expect(try fixture.installed()?.running == 2)
            fixture.registry.add(TinyRegistry.target(old, version: 1, isRollback: true))
            try await fixture.registry.sign()
            try await fixture.registry.offer(old, version: 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await fixture.registry.answer(edge: EdgeFixture.edge) }
                try await fixture.wait("version 1 runs") { try fixture.installed()?.running == 1 }
                group.cancelAll()
            }
        }
    }

    @Test(
        "Offers that contradict themselves are refused",
        arguments: [
            ("{", "malformed"), (#"{"t":1760000000}"#, "missingKey"),
            (#"{"t":1760000000,"model":"level","base":"none","target":"x","version":1,"method":"full"}"#, "wrongType"),
        ])
    func offers(payload: String, code: String) async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            let target = String(repeating: "a", count: 64)
            try await fixture.registry.publish(
                .offer(model: "level", base: "none", target: target), Array(payload.utf8))
            try await fixture.waitForRejection(code)
            let file = try TinyStudent.student().encode()
            let frame = try await fixture.registry.offer(file, version: 1)
            try await fixture.registry.publish(
                .offer(model: "level", base: "none", target: target), frame.offer.payload)
            try await fixture.waitForRejection("mismatch")
        }
    }

    @Test(
        "Verdicts that cannot be used are refused",
        arguments: [
            ("{", "malformed"), (#"{"t":1760000000}"#, "missingKey"),
            (
                #"{"t":1760000000,"window":"other@1760000000.000","from":1760000000,"to":1760000001,"teacher":"t","label":"low","probabilities":[1,0]}"#,
                "window"
            ),
            (
                #"{"t":1760000000,"window":"train-1@1760000000.000","from":1760000000,"to":1760000001,"teacher":"t","label":"low","probabilities":[1,0,0]}"#,
                "classes"
            ),
            (
                #"{"t":1760000000,"window":"train-1@1760000000.000","from":1760000000,"to":1760000001,"teacher":"t","label":"low","probabilities":[1,7]}"#,
                "wrongType"
            ),
        ])
    func verdicts(payload: String, code: String) async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.install(try TinyStudent.student(), version: 1)
            try await fixture.telemetry("train-1", second: 0, level: 0.05)
            try await fixture.wait("a question") { try fixture.windows.count == 1 }
            try await fixture.send(
                .verdict(DeviceID(site: "north", device: "train-1"), model: "level"), Array(payload.utf8))
            try await fixture.waitForRejection(code)
            #expect(try fixture.inferences.allSatisfy { $0.revision == 0 })
        }
    }
}
