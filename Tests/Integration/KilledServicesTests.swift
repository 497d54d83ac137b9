import BusAPI
import Foundation
import JSON
import ModelArtifact
import ServiceRuntime
import Subprocess
import Telemetry
import Testing

/// The executables against a real mosquitto, each ended by SIGKILL at a bad moment and started again.
@Suite("Services that are killed", .serialized)
struct KilledServicesTests {
    private let north = EdgeID(site: "north", edge: "gw-north")
    private let device = DeviceID(site: "north", device: "probe-1")

    @Test("A registry killed again and again loses no version, and tells a broker that lost everything all of it")
    func registry() async throws {
        try await ServiceStage.with { stage in
            var registry = try await stage.registry()
            _ = try await stage.edge(north.edge, site: north.site)
            var versions: [Int] = []
            for weight in Int8(10)..<14 {
                // Killed while the candidate comes in, a little later each time, and again right after its answer.
                let offering = Task { try await stage.offer(weight: weight) }
                try await Task.sleep(for: .milliseconds(Int(weight - 10) * 15))
                await registry.kill()
                registry = try await stage.registry()
                let result = try await offering.value
                #expect(result.state == .accepted, "\(result.reason ?? "")")
                versions.append(try #require(result.version))
                await registry.kill()
                registry = try await stage.registry()
            }
            #expect(versions == [1, 2, 3, 4])
            _ = try await stage.running(4, north)
            // Every version is still known by its bytes.
            for weight in Int8(10)..<14 { #expect(try await stage.offer(weight: weight).version == Int(weight) - 9) }

            await registry.kill()
            let mark = stage.mark
            try await stage.restartBroker()
            registry = try await stage.registry()
            let release = try await stage.message(
                on: .release(model: HandmadeStudent.model, channel: "stable"), "the release again", after: mark
            ) { _ in true }
            #expect(try ReleaseMessage(payload: release).version == 4)
            #expect(try await stage.offer(weight: 14).version == 5)
            #expect(try await stage.running(5, north, after: mark).method != "full", "a delta serves")
        }
    }

    @Test("An edge that starts last gets the current student by itself")
    func newcomer() async throws {
        try await ServiceStage.with { stage in
            _ = try await stage.registry()
            for weight in Int8(10)..<13 { _ = try await stage.offer(weight: weight) }
            let south = EdgeID(site: "south", edge: "gw-south")
            _ = try await stage.edge(south.edge, site: south.site)
            #expect(try await stage.running(3, south).method == "full")
            let decision = try await stage.inference(DeviceID(site: "south", device: "probe-2"), second: 0)
            #expect(decision.version == 3)
        }
    }

    @Test("Edges run their student over their own death, the broker's, and without any other service")
    func edge() async throws {
        try await ServiceStage.with { stage in
            let registry = try await stage.registry()
            var edge = try await stage.edge(north.edge, site: north.site)
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, north)
            #expect(try await stage.inference(device, second: 0).version == 1)
            await registry.kill()

            var mark = stage.mark
            await edge.kill()
            let availability = Topic.serviceAvailability(executable: "edge-inferencer", instance: north.edge)
            _ = try await stage.message(on: availability, "the last will", after: mark) { $0 == Array("offline".utf8) }
            edge = try await stage.edge(north.edge, site: north.site)
            #expect(try await stage.inference(device, second: 100).version == 1)

            // The broker forgets what was retained and who was there: session, subscriptions, birth.
            mark = stage.mark
            try await stage.restartBroker()
            _ = try await stage.message(on: availability, "the birth", after: mark) { $0 == Array("online".utf8) }
            _ = try await stage.running(1, north, after: mark)
            _ = try await stage.status("edge-inferencer", north.edge, "its status", after: mark) {
                $0.counters["reconnects", default: 0] >= 1
            }
            #expect(try await stage.inference(device, second: 200).version == 1)
            #expect(try await edge.terminate().status.isSuccess)
        }
    }

    @Test("A killed aggregator loses the last second of counts at most, and counts nothing twice")
    func aggregator() async throws {
        try await ServiceStage.with { stage in
            var aggregator = try await stage.start("metrics-aggregator", "aggregator")
            let (rate, seconds) = (200, 3)
            let decisions = (0..<rate * seconds).map { Self.decision($0, of: device) }
            var mark = stage.mark
            let start = ContinuousClock.now
            for (index, decision) in decisions.enumerated() {
                try await stage.publish(.inference(device, model: HandmadeStudent.model), decision.payload)
                try await Task.sleep(until: start + .seconds(1) / rate * index, clock: .continuous)
            }
            await aggregator.kill()
            mark = stage.mark
            aggregator = try await stage.start("metrics-aggregator", "aggregator")
            let kept = try await accuracy(stage, after: mark) { $0 >= 1 }
            #expect(kept >= rate * (seconds - 1), "kept \(kept) of \(decisions.count)")

            // What may have been lost is said again, and so is everything else.
            mark = stage.mark
            for decision in decisions {
                try await stage.publish(.inference(device, model: HandmadeStudent.model), decision.payload)
            }
            _ = try await accuracy(stage, after: mark) { $0 == decisions.count }
            await aggregator.kill()
            mark = stage.mark
            try await stage.restartBroker()
            _ = try await stage.start("metrics-aggregator", "aggregator")
            try await stage.publish(.inference(device, model: HandmadeStudent.model), decisions[7].payload)
            #expect(try await accuracy(stage, after: mark) { _ in true } >= decisions.count - rate)
        }
    }

    /// Decisions counted, as soon as they pass.
    private func accuracy(
        _ stage: ServiceStage, after mark: Int, where passes: (Int) -> Bool
    ) async throws -> Int {
        let topic = Topic.accuracy(model: HandmadeStudent.model, version: 1)
        let payload = try await stage.message(on: topic, "the score", after: mark) {
            passes(try AccuracyMessage(payload: $0).decisions)
        }
        return try AccuracyMessage(payload: payload).decisions
    }

    private static func decision(_ index: Int, of device: DeviceID) -> InferenceMessage {
        let from = 1_760_000_000 + Double(index)
        return InferenceMessage(
            t: from + 1, window: WindowID(device: device.device, start: from).description, from: from, to: from + 1,
            edge: "gw-north", version: 1, decision: .label("high", superclass: nil, confidence: 0.9),
            latencyMicroseconds: 10)
    }

    @Test("A killed distiller keeps its windows and labels, and says that its job was cut short")
    func distiller() async throws {
        try await ServiceStage.with { stage in
            _ = try await stage.registry()
            let settings = ["jobs.automatic": "false", "training.threads": "1"]
            var distiller = try await stage.start("cloud-distiller", "distiller", settings)
            _ = try await stage.status("cloud-distiller", "distiller", "the task") {
                $0.details["models"]?.object?[HandmadeStudent.model] != nil
            }
            let count = 400
            for index in 0..<count {
                try await stage.publish(
                    .window(device, model: HandmadeStudent.model), Self.window(index, of: device).payload)
            }
            for half in 0..<2 {
                let label = LabelMessage(
                    t: 1_760_001_000, id: "half-\(half)", from: 1_760_000_000 + Double(half * count / 2),
                    to: 1_760_000_000 + Double((half + 1) * count / 2), content: .label(half == 0 ? "low" : "high"))
                try await stage.publish(.label(device), label.payload)
            }
            func counted(after mark: Int) async throws {
                _ = try await stage.status("cloud-distiller", "distiller", "all windows, labelled", after: mark) {
                    let summary = $0.details["models"]?.object?[HandmadeStudent.model]?.object
                    return summary?["windows"]?.integer == Int64(count) && summary?["labelled"]?.integer == Int64(count)
                }
            }
            try await counted(after: 0)
            let request = JobRequest(t: 1_760_001_000, id: "first", model: HandmadeStudent.model)
            try await stage.publish(.jobRequest, request.payload)
            _ = try await progress(stage, "the teacher's training", after: 0) { $0.phase == .teacher }
            let mark = stage.mark
            await distiller.kill()
            distiller = try await stage.start("cloud-distiller", "distiller", settings)
            // It goes on by itself, with the windows it began with.
            _ = try await progress(stage, "the job again", after: mark) { $0.phase == .teacher }
            try await counted(after: mark)
            let end = try await distiller.terminate()
            #expect(end.status.isSuccess && end.duration < .seconds(10), "a job under way does not hold it up")
        }
    }

    private func progress(
        _ stage: ServiceStage, _ what: String, after mark: Int, where passes: (JobProgress) -> Bool
    ) async throws -> JobProgress {
        try JobProgress(
            payload: try await stage.message(on: .jobProgress(id: "first"), what, after: mark) {
                passes(try JobProgress(payload: $0))
            })
    }

    private static func window(_ index: Int, of device: DeviceID) -> WindowMessage {
        let from = 1_760_000_000 + Double(index)
        let level: Float = index < 200 ? -1 : 1
        let values = (0..<20).map { level + Float((index * 7919 + $0 * 17) % 1009) / 2000 }
        return WindowMessage(
            t: from + 1, window: WindowID(device: device.device, start: from).description, from: from, to: from + 1,
            edge: "gw-north", reason: .bootstrap, want: .training, channels: ["a", "b"], values: values)
    }

    @Test("Two edges on one site are reported by both, and no longer once one is gone")
    func conflict() async throws {
        try await ServiceStage.with { stage in
            _ = try await stage.edge("gw-a", site: "north")
            let second = try await stage.edge("gw-b", site: "north")
            for edge in ["gw-a", "gw-b"] {
                let status = try await stage.status("edge-inferencer", edge, "the conflict, by \(edge)") {
                    $0.details["conflicts"] != nil
                }
                #expect(status.details["conflicts"]?.object?["counts"]?.string == "gw-a")
            }
            let mark = stage.mark
            #expect(try await second.terminate().status.isSuccess)
            _ = try await stage.status("edge-inferencer", "gw-a", "its end", after: mark) {
                $0.details["conflicts"] == nil
            }
        }
    }
}
