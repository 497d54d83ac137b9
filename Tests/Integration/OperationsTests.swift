import BusAPI
import BusMosquitto
import Foundation
import JSON
import Subprocess
import SystemPackage
import Telemetry
import Testing

/// What `docs/operations.md` tells people to do, done.
@Suite("The operations page", .serialized)
struct OperationsTests {
    /// The first fenced block behind a heading or a phrase of the page.
    private static func block(after phrase: String, language: String = "sh") throws -> String {
        let page = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../docs/operations.md"), encoding: .utf8)
        let start = try #require(page.range(of: phrase), "the page has no \"\(phrase)\"")
        let rest = page[start.upperBound...]
        let begin = try #require(rest.range(of: "\n```\(language)\n"))
        let block = rest[begin.upperBound...]
        return String(block[..<(try #require(block.range(of: "\n```"))).lowerBound])
    }

    private func shell(_ commands: String, in folder: String, environment: [String: String] = [:]) async throws {
        let path = "/usr/sbin:" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
        var updates: [Environment.Key: String?] = ["PATH": path]
        for (name, value) in environment { updates[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-e", "-c", commands], environment: .inherit.updating(updates),
            workingDirectory: FilePath(folder), output: .string(limit: 65_536), error: .combinedWithOutput)
        try #require(result.terminationStatus.isSuccess, "\(commands)\n\(result.standardOutput)")
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "/retort-operations-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test("An authority and accounts made by the page's commands let those in that they should")
    func security() async throws {
        try await withFolder { folder in
            try await shell(try Self.block(after: "### TLS with an authority"), in: folder)
            try await shell(
                try Self.block(after: "### Accounts"), in: folder,
                environment: ["CLOUD_PASSWORD": "c1", "NORTH_PASSWORD": "n1"])
            let settings = [
                "allow_anonymous false", "password_file \(folder)/passwords", "certfile \(folder)/server.crt",
                "keyfile \(folder)/server.key",
            ]
            try await MosquittoBroker.with(settings) { broker in
                let arguments = [
                    "doctor", "--broker", "mqtts://cloud:c1@localhost:\(broker.port)", "--authorities",
                    "\(folder)/authority.crt", "--listen", "0.2", "--json",
                ]
                let report = try JSONValue(parsing: try await RetortCommand.run(arguments).output)
                let levels = (report.object?["findings"]?.elements ?? []).reduce(into: [String: String]()) {
                    $0[$1.object?["check"]?.string ?? ""] = $1.object?["level"]?.string
                }
                for check in ["tls.chain", "tls.expiry", "broker.connect", "access", "broker.size"] {
                    #expect(levels[check] == "ok", "\(check) in \(report.prettyText)")
                }
            }
        }
    }

    @Test("A registry restored from the page's copy goes on releasing to edges that trust its root")
    func backup() async throws {
        try await ServiceStage.with { stage in
            let edge = EdgeID(site: "north", edge: "gw-north")
            // `systemctl` is the stage's own; what is copied stands where the stage keeps it.
            func commands(_ phrase: String) throws -> String {
                try Self.block(after: phrase).replacing(
                    "/var/lib/retort/model-registry", with: "\(stage.folder)/registry"
                )
                .replacing("/var/lib/retort", with: stage.folder).replacing("gz model-registry", with: "gz registry")
                .split(separator: "\n").filter { !$0.hasPrefix("systemctl") }.joined(separator: "\n")
            }
            let first = try await stage.registry()
            _ = try await stage.edge("gw-north", site: "north")
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, edge)
            _ = try await first.terminate()
            try await shell(try commands("Stop\nit for the second"), in: stage.folder)
            try await shell(try commands("The archive holds private keys"), in: stage.folder)
            _ = try await stage.registry()
            let mark = stage.mark
            _ = try await stage.offer(weight: 20)
            _ = try await stage.running(2, edge, after: mark)
        }
    }

    @Test("Keys made by the page's command are taken, and not called development keys")
    func keys() async throws {
        try await ServiceStage.with { stage in
            let folder = stage.folder + "/registry"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await shell(try Self.block(after: "### Keys of your own"), in: folder)
            _ = try await stage.registry()
            _ = try await stage.edge("gw-north", site: "north")
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))
            let status = try await stage.status("edge-inferencer", "gw-north", "whom it trusts") {
                $0.details["trust"]?.object?["state"]?.string == "ready"
            }
            #expect(status.details["trust"]?.object?["development"] == nil)
        }
    }

    @Test("An edge on a site's own broker, bridged by the page's lines, is part of the cloud's fleet")
    func bridge() async throws {
        try await ServiceStage.with { stage in
            let lines = try Self.block(after: "A bridge in the site's", language: "")
                .replacing("broker.example:1883", with: "127.0.0.1:\(stage.broker.port)")
                .split(separator: "\n").map(String.init)
            try await MosquittoBroker.with(["allow_anonymous true"] + lines) { site in
                _ = try await stage.registry()
                _ = try await stage.start("metrics-aggregator", "aggregator", ["aggregator.publishSeconds": "0.2"])
                _ = try await stage.edge("gw-north", site: "north", ["bus.url": site.url])
                _ = try await stage.offer(weight: 10)
                _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))
                // The sensor speaks to the site's broker alone.
                let device = DeviceID(site: "north", device: "probe-1")
                let sensor = try MosquittoBus(
                    options: BusConnectionOptions(host: "127.0.0.1", port: site.port, clientID: "sensor"),
                    logger: .quiet)
                let mark = stage.mark
                let sending = Task {
                    for second in 0..<600 {
                        let samples = TelemetryMessage(
                            t: 1_760_000_000 + Double(second), interval: 0.1, channels: ["a", "b"],
                            values: (0..<10).flatMap { _ in [Float(1), 0] })
                        let topic = stage.topics.string(.telemetry(device))
                        try await sensor.publish(whenConnected: BusMessage(topic: topic, payload: samples.payload))
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                defer { sending.cancel() }
                _ = try await stage.message(on: .fleetDevice(device), "its decisions at the aggregator", after: mark) {
                    try FleetDevice(payload: $0).models[HandmadeStudent.model]?.label != nil
                }
                sending.cancel()
                await sensor.close()
            }
        }
    }

    @Test("The unit for systemd is one that systemd takes")
    func unit() async throws {
        try await withFolder { folder in
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../packaging/retort@.service")
            let unit = try String(contentsOf: file, encoding: .utf8)
            // What it starts has to be there for the check.
            try unit.replacing("/usr/local/bin/%i", with: "/bin/true").write(
                toFile: folder + "/retort@true.service", atomically: true, encoding: .utf8)
            try await shell(
                "systemd-analyze verify \(folder)/retort@true.service",
                in: folder)
        }
    }
}
