import BusAPI
import BusMosquitto
import BusTesting
import Foundation
import Subprocess
import Telemetry
import Testing

/// Brokers that people have already. nats-server is another implementation altogether: written in Go, and MQTT 3.1.1 only.
@Suite("Brokers of several kinds", .serialized)
struct BrokerMatrixTests {
    /// nats-server sends a message once for each filter that passes it, which MQTT allows; over 3.1.1 nothing tells the copies
    /// apart. Retort's services do not rest on it: what they hear twice counts once.
    private static let overlapping = [
        "Wildcards pass what they should and nothing else",
        "One subscription of several overlapping filters receives each message once",
        "Overlapping subscriptions of one client each receive the message once",
        "A full subscription drops the oldest or the newest as asked, and counts it",
    ]

    @Test(
        "Conformance over nats-server's MQTT, but for overlapping filters",
        arguments: BusConformance.checks.filter { !overlapping.contains($0.name) })
    func conformance(check: BusConformance.Check) async throws {
        try await MosquittoBroker.with(software: .nats) {
            try await check.run(MosquittoHarness(broker: $0, version: .v311))
        }
    }

    @Test(
        "A student reaches an edge, and a publisher of its own form gets inferences",
        arguments: [
            ServiceStage.Way(version: .v5), .init(version: .v311), .init(software: .nats, version: .v311),
            .init(version: .v5, root: "plant-7/ml"),
        ])
    func fromReleaseToInference(way: ServiceStage.Way) async throws {
        try await ServiceStage.with(way: way) { try await pass($0) }
    }

    @Test("The same under a user, a password and TLS with an authority of one's own")
    func secured() async throws {
        let folder = NSTemporaryDirectory() + "/retort-secured-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Tool.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-keyout", "\(folder)/broker.key", "-out", "\(folder)/broker.crt", "-subj", "/CN=broker", "-addext",
                "subjectAltName=IP:127.0.0.1",
            ], package: "openssl")
        try Data().write(to: URL(fileURLWithPath: folder + "/passwords"))
        for account in ["cloud", "north"] {
            try await Tool.run(
                "mosquitto_passwd", ["-b", folder + "/passwords", account, "secret"], package: "mosquitto")
        }
        let settings = [
            "allow_anonymous false", "password_file \(folder)/passwords", "certfile \(folder)/broker.crt",
            "keyfile \(folder)/broker.key",
        ]
        let way = ServiceStage.Way(root: "home/retort", authority: folder + "/broker.crt")
        try await ServiceStage.with(settings, password: "secret", way: way) { try await pass($0) }
    }

    @Test(
        "Broken TLS settings stop a process at once, and it says which",
        arguments: [
            (["bus.url=mqtts://127.0.0.1:9", "bus.tls.authorities=/missing/ca.crt"], "/missing/ca.crt"),
            (["bus.url=mqtt://127.0.0.1:9", "bus.tls.authorities=/etc/ssl/certs"], "mqtts://"),
        ])
    func brokenTLS(settings: [String], names: String) async throws {
        let folder = NSTemporaryDirectory() + "/retort-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for executable in ["edge-inferencer", "model-registry", "metrics-aggregator", "cloud-distiller"] {
            let process = try await ServiceProcess(
                executable,
                arguments: (settings + ["service.state=\(folder)/\(executable)", "service.instance=x"])
                    .flatMap { ["--set", $0] }, log: "\(folder)/\(executable).log")
            do {
                let status = try await BusConformance.within(.seconds(10), "\(executable) ends") {
                    try await process.ended()
                }
                #expect(!status.isSuccess && process.words.contains(names), "\(executable): \(process.words)")
            } catch {
                await process.kill()
                throw error
            }
        }
    }

    private func pass(_ stage: ServiceStage) async throws {
        let file = stage.folder + "/sources.json"
        try #"""
        {"format":1,"sources":[{"name":"plain","topic":"plant/{device}","decoder":"json","channels":[
        {"name":"a","timing":"on-change","longestSilence":600},{"name":"b","timing":"on-change","longestSilence":600}]}]}
        """#.write(toFile: file, atomically: true, encoding: .utf8)
        _ = try await stage.registry()
        _ = try await stage.edge("gw-north", site: "north", ["edge.sources": file])
        _ = try await stage.offer(weight: 10)
        _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))
        #expect(try await stage.inference(DeviceID(site: "north", device: "probe-1"), second: 0).version == 1)
        let device = DeviceID(site: "north", device: "pump")
        let topic = stage.topics.string(.inference(device, model: HandmadeStudent.model))
        // As a sensor does, again and again: what is subscribed to at QoS 0 may be lost.
        _ = try await stage.waiting(for: "an inference on the pump") {
            try await stage.publish(foreign: "plant/pump", #"{"a":1,"b":0}"#)
            try await Task.sleep(for: .milliseconds(500))
            return stage.messages.first { $0.topic == topic }
        }
        let known = try await stage.message(on: .device(device), "what is known of the pump") { _ in true }
        #expect(try DeviceMessage(payload: known).source == "plain")
    }
}
