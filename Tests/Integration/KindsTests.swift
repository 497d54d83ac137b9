import BusAPI
import Foundation
import JSON
import ModelArtifact
import Subprocess
import SystemPackage
import Telemetry
import Testing

/// Tasks that predict a value, and tasks of several heads, from labels to scores with the real executables.
@Suite("Values and heads, end to end", .serialized)
struct KindsTests {
    private static let start = 1_760_000_000.0
    private static let device = DeviceID(site: "home", device: "rig")
    private static let air = task("air", kind: .regression)
    private static let rig = task("rig", kind: .multiHead)

    private static func task(_ name: String, kind: TaskDocument.Kind) -> TaskDocument {
        var task = TaskDocument(
            name: name, kind: kind, channels: [.init(name: "a", unit: "V"), .init(name: "b", unit: "V")], rate: 10,
            window: 10, step: 10, devices: ["home/rig"])
        if kind == .regression {
            task.target = .init(name: "co2", unit: "ppm")
        } else {
            task.heads = [
                .init(name: "valve", classes: [.init(name: "shut"), .init(name: "open")]),
                .init(name: "pump", classes: [.init(name: "off"), .init(name: "on")]),
            ]
        }
        return task
    }

    private static func retort(_ stage: ServiceStage, _ arguments: [String]) async throws -> String {
        let program = ServiceProcess.programs.appendingPathComponent("retort").path
        let result = try await run(
            .path(FilePath(program)), arguments: Arguments(arguments),
            environment: .inherit.updating(["RETORT_BUS_URL": "mqtt://127.0.0.1:\(stage.broker.port)"]),
            output: .string(limit: 1 << 20), error: .combinedWithOutput)
        guard result.terminationStatus.isSuccess else {
            throw FixtureError("retort \(arguments.joined(separator: " ")): \(result.standardOutput)")
        }
        return result.standardOutput
    }

    /// Levels that last four seconds, so that windows of a second have one each.
    private func level(_ second: Int) -> Double { [-1.0, -0.5, 0.5, 1][(second / 4 * 7 + second / 16) % 4] }

    private func play(_ stage: ServiceStage, _ seconds: Range<Int>, isTruth: Bool) async throws {
        for second in seconds {
            let (t, level) = (Self.start + Double(second), level(second))
            func noise(_ k: Int) -> Float { Float((second * 7919 + k * 104_729) % 997) / 10_000 }
            let samples = TelemetryMessage(
                t: t, interval: 0.1, channels: ["a", "b"],
                values: (0..<10).flatMap { [Float(level) + noise($0), Float(-level) * 0.5 + noise($0 + 10)] })
            try await stage.publish(.telemetry(Self.device), samples.payload)
            let heads = ["valve": level > 0 ? "open" : "shut", "pump": abs(level) > 0.7 ? "on" : "off"]
            for (name, content) in [
                ("v", LabelMessage.Content.value(600 + 100 * level)), ("h", .heads(heads)),
            ] {
                let label = LabelMessage(t: t + 1, id: "\(name)-\(second)", from: t, to: t + 1, content: content)
                try await stage.publish(isTruth ? .truth(Self.device) : .label(Self.device), label.payload)
            }
        }
    }

    private func train(_ stage: ServiceStage, _ model: String) async throws {
        let request = JobRequest(t: Self.start, id: "first-\(model)", model: model)
        try await stage.publish(.jobRequest, request.payload)
        let payload = try await stage.message(
            on: .jobProgress(id: request.id), "the end of job \(request.id)", seconds: 90
        ) {
            [.done, .failed].contains(try JobProgress(payload: $0).phase)
        }
        let progress = try JobProgress(payload: payload)
        #expect(progress.phase == .done, "\(progress.reason ?? "")")
        _ = try await stage.message(
            on: .installed(model: model, EdgeID(site: "home", edge: "gw-home")), "\(model) on the edge"
        ) { try InstalledMessage(payload: $0).state == .running }
    }

    @Test(
        "Labels with values and heads make students whose decisions are scored by errors and by head",
        .timeLimit(.minutes(3)))
    func endToEnd() async throws {
        try await ServiceStage.with { stage in
            for task in [Self.air, Self.rig] {
                try task.json.text.write(
                    toFile: "\(stage.folder)/tasks/\(task.name).json", atomically: true, encoding: .utf8)
            }
            _ = try await stage.registry()
            _ = try await stage.edge("gw-home", site: "home")
            try await stage.start("metrics-aggregator", "aggregator")
            try await stage.start(
                "cloud-distiller", "distiller",
                [
                    "jobs.automatic": "false", "training.batch": "16", "training.teacherEpochs": "30",
                    "training.studentEpochs": "60", "training.quantisedEpochs": "20",
                ])
            _ = try await stage.message(on: .task(model: "rig"), "the task") { _ in true }
            // Online comes before subscribed: a label that cannot be read is answered by whoever listens.
            _ = try await stage.waiting(for: "the distiller listens") {
                try await stage.publish(.label(DeviceID(site: "home", device: "probe")), Array("{}".utf8))
                let reject = ServiceStage.topics.string(.reject(executable: "cloud-distiller"))
                return stage.messages.contains { $0.topic == reject } ? true : nil
            }
            // The edge must hear telemetry before windows can come.
            let probe = stage.mark
            _ = try await stage.waiting(for: "a window") {
                try await play(stage, 0..<4, isTruth: false)
                return stage.messages[probe...].contains { $0.topic.contains("/window/home/rig/rig") } ? true : nil
            }
            try await play(stage, 4..<160, isTruth: false)
            _ = try await stage.status("cloud-distiller", "distiller", "150 windows of each task") { status in
                let models = status.details["models"]?.object
                func count(_ model: String, _ name: String) -> Int64 {
                    models?[model]?.object?["classes"]?.object?[name]?.integer ?? 0
                }
                return count("air", "value") >= 150 && count("rig", "valve=open") >= 70
            }
            try await train(stage, "air")
            try await train(stage, "rig")

            try await play(stage, 200..<260, isTruth: true)
            let air = try AccuracyMessage(
                payload: try await stage.message(on: .accuracy(model: "air", version: 1), "50 scores of air") {
                    try AccuracyMessage(payload: $0).scored >= 50
                })
            let errors = try #require(air.errors)
            // Levels are 50 ppm and more apart.
            #expect(errors.meanAbsolute < 25 && errors.unit == "ppm" && air.accuracy == nil, "\(errors)")
            let rig = try AccuracyMessage(
                payload: try await stage.message(on: .accuracy(model: "rig", version: 1), "100 scores of rig") {
                    try AccuracyMessage(payload: $0).scored >= 100
                })
            #expect((rig.accuracy?.value ?? 0) > 0.95 && rig.heads.count == 2 && rig.basis == .truth, "\(rig)")

            let decision = try InferenceMessage(
                payload: try await stage.message(on: .inference(Self.device, model: "air"), "a value") { _ in true })
            guard case .value(_, "ppm", let deviation?) = decision.decision else {
                Issue.record("no value with a deviation: \(decision.decision)")
                return
            }
            #expect(deviation > 0 && deviation < 50)
            #expect(try await Self.retort(stage, ["report", "--model", "air"]).contains("MAE"))
            let report = try await Self.retort(stage, ["report", "--model", "rig"])
            #expect(report.contains("heads: pump") && report.contains("valve"), "\(report)")
            #expect(try await Self.retort(stage, ["devices"]).contains("pump="))
            try await stage.validateTraffic(except: Array("{}".utf8))
        }
    }

    @Test("A student made elsewhere becomes a version by one command; one that fits no task does not")
    func added() async throws {
        try await ServiceStage.with { stage in
            _ = try await stage.registry()
            let file = stage.folder + "/student.safetensors"
            try Data(HandmadeStudent.file(weight: 10)).write(to: URL(fileURLWithPath: file))
            #expect(try await Self.retort(stage, ["models", "add", file]).contains("level: version 1 is released"))
            // The same bytes are the same version.
            #expect(try await Self.retort(stage, ["models", "add", file]).contains("version 1"))
            let candidates = stage.messages.filter { $0.topic.contains("/candidate/") && !$0.topic.hasSuffix("result") }
            #expect(candidates.last?.payload.isEmpty == true, "the retained candidate is taken back")

            var damaged = try HandmadeStudent.file(weight: 10)
            damaged[damaged.count - 1] ^= 1
            try Data(damaged).write(to: URL(fileURLWithPath: file))
            await #expect {
                try await Self.retort(stage, ["models", "add", file])
            } throws: { "\($0)".contains("golden") }
            try Data(damaged.dropLast(50)).write(to: URL(fileURLWithPath: file))
            await #expect {
                try await Self.retort(stage, ["models", "add", file])
            } throws: { "\($0)".contains("no usable student") }
        }
    }
}
