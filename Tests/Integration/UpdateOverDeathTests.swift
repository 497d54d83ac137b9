import BusAPI
import Foundation
import ServiceRuntime
import Subprocess
import Telemetry
import Testing

/// Updates of the real executables over a real mosquitto, each interrupted where it hurts.
@Suite("Updates that are interrupted", .serialized)
struct UpdateOverDeathTests {
    private let north = EdgeID(site: "north", edge: "gw-north")

    private func needs(_ stage: ServiceStage, after mark: Int) throws -> [NeedMessage] {
        let topic = ServiceStage.topics.string(.need(model: HandmadeStudent.model, north))
        return try stage.messages[mark...].filter { $0.topic == topic }.map { try NeedMessage(payload: $0.payload) }
    }

    /// Chunks of one frame that were broadcast so far.
    private func chunks(_ stage: ServiceStage, of frame: String) -> [Int] {
        stage.messages.compactMap {
            guard case .chunk(frame, let index)? = ServiceStage.topics.parse($0.topic) else { return nil }
            return index
        }
    }

    @Test("A download goes on where it was over the death of the edge, of the registry and of the broker")
    func resume() async throws {
        try await ServiceStage.with { stage in
            let slow = ["registry.chunkSize": "256", "registry.chunksPerSecond": "1"]
            var registry = try await stage.registry(slow)
            _ = try await stage.offer(weight: 10)
            var edge = try await stage.edge(north.edge, site: north.site)
            let first = try await stage.waiting(for: "a need") { try needs(stage, after: 0).first { $0.frame != nil } }
            let frame = try #require(first.frame)
            let count = try #require(first.missing.last?.upperBound)
            try #require(count >= 3, "the student takes \(count) chunks")

            func arrived(_ number: Int) async throws {
                _ = try await stage.waiting(for: "chunk \(number)") {
                    Set(chunks(stage, of: frame)).count >= number ? true : nil
                }
                // What is on its way to the edge arrives.
                try await Task.sleep(for: .milliseconds(100))
            }
            try await arrived(1)
            var mark = stage.mark
            await edge.kill()
            edge = try await stage.edge(north.edge, site: north.site)
            let next = try await stage.waiting(for: "a need of the rest") {
                try needs(stage, after: mark).first { $0.frame == frame }
            }
            #expect(!next.missing.contains { $0.contains(0) }, "\(next.missing) of \(count)")

            try await arrived(2)
            await registry.kill()
            registry = try await stage.registry(slow)
            mark = stage.mark
            try await stage.restartBroker()
            let installed = try await stage.running(1, north, after: mark)
            #expect(installed.method == "full" && installed.chunks == count)
            // Each death may cost the chunk that was on its way, not those before it.
            let sent = chunks(stage, of: frame)
            #expect(sent.count <= count + 3, "\(sent)")
            #expect(try await stage.inference(DeviceID(site: "north", device: "probe-1"), second: 0).version == 1)
        }
    }

    @Test(
        "SIGKILL at every change of the disk that an update makes leaves a student that runs, and the update is finished"
    )
    func everyWrite() async throws {
        try await ServiceStage.with { stage in
            let shim = stage.folder + "/crash_at.so"
            let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Fixtures/crash_at.c").path
            try await Tool.run(
                "cc", ["-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], package: "gcc libc6-dev")
            _ = try await stage.registry()
            let seed = EdgeID(site: "seed", edge: "gw-seed")
            let edge = try await stage.edge(seed.edge, site: seed.site)
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, seed)
            #expect(try await edge.terminate().status.isSuccess)
            _ = try await stage.offer(weight: 11)

            // Once to its end, to count; every other time to one change further.
            let log = stage.folder + "/changes.log"
            let counting = try await start(stage, number: 0, seed, ["LD_PRELOAD": shim, "CRASH_LOG": log])
            _ = try await stage.running(2, id(0))
            _ = try await counting.terminate()
            let changes = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
            print("the executable was killed at each of \(changes.count) changes of its disk")
            #expect(changes.count >= 14, "\(changes)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...changes.count {
                    if number > 4 { try await group.next() }
                    group.addTask {
                        let what = String(changes[number - 1])
                        try await die(stage, number, seed, ["LD_PRELOAD": shim, "CRASH_AT": "\(number)"], what)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("retort models rollback brings an edge back to the version before, without a download")
    func rollback() async throws {
        try await ServiceStage.with { stage in
            _ = try await stage.registry()
            _ = try await stage.edge(north.edge, site: north.site)
            for (version, weight) in [(1, Int8(10)), (2, 11)] {
                _ = try await stage.offer(weight: weight)
                _ = try await stage.running(version, north)
            }
            let mark = stage.mark
            try await Tool.run(
                ServiceProcess.programs.appendingPathComponent("retort").path,
                [
                    "models", "rollback", HandmadeStudent.model, "--broker", "mqtt://127.0.0.1:\(stage.broker.port)",
                ], package: "retort")
            let installed = try await stage.running(1, north, after: mark)
            #expect(installed.method == "kept" && installed.previous == 2)
            #expect(stage.messages[mark...].allSatisfy { !$0.topic.contains("/chunk/") })
            #expect(try await stage.inference(DeviceID(site: "north", device: "probe-1"), second: 0).version == 1)
        }
    }

    private func id(_ number: Int) -> EdgeID { EdgeID(site: "site-\(number)", edge: "gw-\(number)") }

    /// Starts an edge of its own on a copy of what the seed has on disk.
    private func start(
        _ stage: ServiceStage, number: Int, _ seed: EdgeID, _ environment: [String: String]
    ) async throws -> ServiceProcess {
        let edge = id(number)
        try FileManager.default.copyItem(
            atPath: "\(stage.folder)/\(seed.edge)", toPath: "\(stage.folder)/\(edge.edge)")
        return try await stage.edge(edge.edge, site: edge.site, environment: environment)
    }

    private func die(
        _ stage: ServiceStage, _ number: Int, _ seed: EdgeID, _ environment: [String: String], _ what: String
    ) async throws {
        let edge = try await start(stage, number: number, seed, environment)
        let status = try await edge.ended()
        guard case .signaled(SIGKILL) = status else {
            Issue.record("\(what): it ended with \(status)")
            return
        }
        let mark = stage.mark
        let again = try await stage.edge(id(number).edge, site: id(number).site)
        let first = try InstalledMessage(
            payload: try await stage.message(
                on: .installed(model: HandmadeStudent.model, id(number)), "its first word", after: mark
            ) { _ in true })
        #expect(first.running == 1 || first.running == 2, "\(what)")
        _ = try await stage.running(2, id(number), after: mark)
        let device = DeviceID(site: id(number).site, device: "probe-1")
        #expect(try await stage.inference(device, second: 0).version == 2, "\(what)")
        #expect(try await again.terminate().status.isSuccess, "\(what)")
    }
}
