import BusAPI
import Foundation
import JSON
import ModelArtifact
import Telemetry
import Testing

/// What the cluster test's traffic may lack: proposals, candidates and the refusals of bad input.
@Suite("The contract of what seldom happens")
struct ContractTests {
    @Test("Refusals, proposals and candidates of the real services fit docs/asyncapi.yaml")
    func seldom() async throws {
        try await ServiceStage.with { stage in
            _ = try await stage.registry()
            _ = try await stage.edge("gw-north", site: "north")
            _ = try await stage.start("metrics-aggregator", "aggregator")
            _ = try await stage.start("cloud-distiller", "distiller")
            let device = DeviceID(site: "north", device: "probe-1")

            var task = HandmadeStudent.task
            task.name = "other"
            try await stage.publish(.taskProposal(model: "other"), task.json.bytes)
            _ = try await stage.message(on: .task(model: "other"), "the task") { _ in true }
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))
            _ = try await stage.inference(device, second: 0)
            try await stage.publish(
                .rollback(model: "level"), RollbackRequest(t: 1_760_000_000, version: 9).payload)

            let digest = String(repeating: "0a", count: 32)
            let bad: [(Topic, String)] = [
                (.telemetry(device), "edge-inferencer"), (.window(device, model: "level"), "cloud-distiller"),
                (.inference(device, model: "level"), "metrics-aggregator"),
                (.candidate(model: "level", digest: digest), "model-registry"),
            ]
            for (topic, executable) in bad {
                try await stage.publish(topic, Self.badPayload)
                let name = ServiceStage.topics.string(topic)
                let reject = try await stage.message(on: .reject(executable: executable), "\(executable)'s word") {
                    try RejectMessage(payload: $0).topic == name
                }
                #expect(try !RejectMessage(payload: reject).reason.isEmpty)
            }
            try await validate(stage)
        }
    }

    private static let badPayload = Array("{".utf8)

    private func validate(_ stage: ServiceStage) async throws {
        let hex = Array("0123456789abcdef")
        let said = stage.messages.filter { $0.payload != Self.badPayload }
        for kind in [
            "/reject/", "/task/proposal", "/candidate/", "/result", "/chunk/", "/offer/", "/need/", "/rollback",
        ] {
            #expect(said.contains { $0.topic.contains(kind) }, "nothing was said on \(kind)")
        }
        let lines = said.map { message in
            message.topic + " "
                + String(message.payload.flatMap { [hex[Int($0 >> 4)], hex[Int($0 & 15)]] })
        }
        let capture = stage.folder + "/traffic.txt"
        try (lines.joined(separator: "\n") + "\n").write(toFile: capture, atomically: true, encoding: .utf8)
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let contract = tests.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/asyncapi.yaml")
        // `./dev test` makes a Python with jsonschema and PyYAML.
        let python = ProcessInfo.processInfo.environment["RETORT_TEST_PYTHON"] ?? "python3"
        try await Tool.run(
            python,
            [
                tests.appendingPathComponent("Fixtures/validate_traffic.py").path, contract.path, capture, "--root",
                ServiceStage.topics.root,
            ], package: "python3")
    }
}
