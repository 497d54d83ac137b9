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
        let said = stage.messages.filter { $0.payload != Self.badPayload }
        for kind in [
            "/reject/", "/task/proposal", "/candidate/", "/result", "/chunk/", "/offer/", "/need/", "/rollback",
        ] {
            #expect(said.contains { $0.topic.contains(kind) }, "nothing was said on \(kind)")
        }
        try await stage.validateTraffic(except: Self.badPayload)
    }
}
