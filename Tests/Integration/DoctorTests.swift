import Foundation
import JSON
import Telemetry
import Testing

/// `retort doctor` against real brokers in each of which one thing is wrong.
@Suite("retort doctor", .serialized)
struct DoctorTests {
    /// Findings by check, and the exit status.
    private func doctor(
        _ url: String, _ more: [String] = [], environment: [String: String] = [:]
    ) async throws -> (findings: [String: [(level: String, what: String, advice: String)]], status: Int32?) {
        let result = try await RetortCommand.run(
            ["doctor", "--broker", url, "--json", "--listen", "0.5", "--wait", "5"] + more, environment: environment)
        let document = try JSONValue(parsing: result.output).object
        var findings: [String: [(level: String, what: String, advice: String)]] = [:]
        for finding in document?["findings"]?.elements ?? [] {
            let object = finding.object ?? [:]
            findings[object["check"]?.string ?? "", default: []].append(
                (object["level"]?.string ?? "", object["what"]?.string ?? "", object["do"]?.string ?? ""))
        }
        return (findings, result.status)
    }

    @Test("A port that nobody listens on, and a name that nobody has")
    func unreachable() async throws {
        let closed = try await doctor("mqtt://127.0.0.1:\(try LoopbackPort.free())")
        #expect(closed.status == 1 && closed.findings["broker.port"]?.first?.level == "error")
        #expect(closed.findings["broker.port"]?.first?.advice.contains("retort up") == true)
        let unnamed = try await doctor("mqtt://no-such-host.invalid")
        #expect(unnamed.status == 1 && unnamed.findings["broker.name"]?.first?.level == "error")
    }

    @Test("A wrong password is told from a broker that is away, and never shown")
    func password() async throws {
        let file = NSTemporaryDirectory() + "/retort-passwords-\(UUID().uuidString)"
        try await Tool.run("mosquitto_passwd", ["-c", "-b", file, "ann", "secret"], package: "mosquitto")
        defer { try? FileManager.default.removeItem(atPath: file) }
        try await MosquittoBroker.with(["allow_anonymous false", "password_file \(file)"]) { broker in
            let wrong = try await doctor("mqtt://ann:hunter2@127.0.0.1:\(broker.port)")
            let finding = try #require(wrong.findings["broker.account"]?.first)
            #expect(wrong.status == 1 && finding.level == "error" && finding.what.contains("ann"))
            #expect(!"\(wrong.findings)".contains("hunter2"))
            let right = try await doctor(
                broker.url, environment: ["RETORT_BUS_USERNAME": "ann", "RETORT_BUS_PASSWORD": "secret"])
            #expect(right.findings["broker.account"] == nil && right.findings["access"]?.first?.level == "ok")
            // The other commands say the same, with a status of its own.
            let devices = try await RetortCommand.run([
                "devices", "--broker", "mqtt://ann:hunter2@127.0.0.1:\(broker.port)", "--wait", "3",
            ])
            #expect(devices.status == 77 && !devices.errors.contains("hunter2"), "\(devices.errors)")
        }
    }

    /// A key and a certificate for 127.0.0.1 that ends after so many days, or ended so many days ago.
    private func certificate(_ folder: String, _ name: String, days: Int) async throws {
        try await Tool.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt", "-subj", "/CN=\(name)", "-addext",
                "subjectAltName=IP:127.0.0.1", "-days", "\(max(1, days))",
            ], package: "openssl")
        guard days < 1 else { return }
        let draft = "\(folder)/\(name)-draft.crt"
        try FileManager.default.moveItem(atPath: "\(folder)/\(name).crt", toPath: draft)
        try await Tool.run(
            "openssl",
            [
                "x509", "-in", draft, "-signkey", "\(folder)/\(name).key", "-days", "\(days)", "-out",
                "\(folder)/\(name).crt",
            ], package: "openssl")
    }

    @Test("Certificates: the wrong authority, the wrong name, one that ends soon, one that has ended, and a good one")
    func certificates() async throws {
        let folder = NSTemporaryDirectory() + "/retort-certificates-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, days) in [("good", 365), ("soon", 3), ("ended", -1), ("other", 365)] {
            try await certificate(folder, name, days: days)
        }
        for name in ["good", "soon", "ended"] {
            let settings = [
                "allow_anonymous true", "certfile \(folder)/\(name).crt", "keyfile \(folder)/\(name).key",
            ]
            try await MosquittoBroker.with(settings) { broker in
                let url = "mqtts://127.0.0.1:\(broker.port)"
                let trusting = try await doctor(url, ["--authorities", "\(folder)/\(name).crt"])
                let expiry = trusting.findings["tls.expiry"]?.first
                switch name {
                case "good":
                    #expect(expiry?.level == "ok" && trusting.findings["tls.chain"]?.first?.level == "ok")
                    #expect(trusting.findings["broker.connect"]?.first?.level == "ok")
                    let wrong = try await doctor(url, ["--authorities", "\(folder)/other.crt"])
                    #expect(wrong.status == 1 && wrong.findings["tls.chain"]?.first?.level == "error")
                    #expect(wrong.findings["tls.chain"]?.first?.advice.contains("--authorities") == true)
                    let named = try await doctor(
                        "mqtts://localhost:\(broker.port)", ["--authorities", "\(folder)/good.crt"])
                    #expect(named.status == 1 && named.findings["tls.name"]?.first?.level == "error")
                case "soon": #expect(expiry?.level == "warning")
                default: #expect(expiry?.level == "error" && trusting.status == 1)
                }
            }
        }
        try await MosquittoBroker.with { broker in
            let plain = try await doctor(
                "mqtts://127.0.0.1:\(broker.port)", ["--authorities", "\(folder)/good.crt"])
            #expect(plain.status == 1 && plain.findings["tls.handshake"]?.first?.level == "error")
        }
    }

    @Test("A broker whose packets are too small, that retains nothing, that forbids, or that speaks 3.1.1 alone")
    func limits() async throws {
        try await MosquittoBroker.with(["allow_anonymous true", "max_packet_size 20000"]) { broker in
            for mqtt in ["5", "3.1.1"] {
                let small = try await doctor(broker.url, ["--mqtt", mqtt])
                #expect(small.status == 1 && small.findings["broker.size"]?.first?.level == "error", "\(small)")
                #expect(small.findings["broker.size"]?.first?.advice.contains("max_packet_size") == true)
            }
        }
        try await MosquittoBroker.with(["allow_anonymous true", "retain_available false"]) { broker in
            let forgetful = try await doctor(broker.url)
            #expect(forgetful.findings["broker.retained"]?.first?.level == "error", "\(forgetful)")
        }
        let file = NSTemporaryDirectory() + "/retort-access-\(UUID().uuidString)"
        try "topic read #\n".write(toFile: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        defer { try? FileManager.default.removeItem(atPath: file) }
        try await MosquittoBroker.with(["allow_anonymous true", "acl_file \(file)"]) { broker in
            let readOnly = try await doctor(broker.url)
            #expect(readOnly.findings["access.write"]?.first?.level == "warning", "\(readOnly)")
        }
        try await MosquittoBroker.with(software: .nats) { broker in
            let older = try await doctor(broker.url)
            #expect(older.findings["broker.connect"]?.first?.level == "warning", "\(older)")
            #expect(older.findings["broker.size"]?.first?.level == "ok")
        }
    }

    @Test("On a running fleet: who is there, telemetry that nobody reads, rejects, and nothing left behind")
    func fleet() async throws {
        try await ServiceStage.with { stage in
            _ = try await stage.registry()
            _ = try await stage.start("metrics-aggregator", "aggregator")
            _ = try await stage.edge("gw-north", site: "north")
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))
            _ = try await stage.status("edge-inferencer", "gw-north", "whom it trusts") {
                $0.details["trust"]?.object?["development"] != nil
            }
            let telemetry = TelemetryMessage(t: 1_760_000_000, interval: 0.1, channels: ["a", "b"], values: [1, 0])
            let sending = Task {
                while !Task.isCancelled {
                    try await stage.publish(.telemetry(DeviceID(site: "nowhere", device: "x")), telemetry.payload)
                    try await stage.publish(.telemetry(DeviceID(site: "north", device: "x")), Array("{".utf8))
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            defer { sending.cancel() }
            let url = "mqtt://127.0.0.1:\(stage.broker.port)"
            let (findings, status) = try await doctor(url, ["--listen", "3", "--state", stage.folder])
            #expect(status == 1)
            let unread = findings["topics.unread"] ?? []
            #expect(unread.contains { $0.level == "error" && $0.what.contains("nobody reads telemetry/nowhere/") })
            #expect(
                findings["topics.rejected"]?.contains { $0.what.contains("telemetry/north/x") } == true, "\(findings)")
            #expect(findings["services.cloud-distiller"]?.first?.level == "warning")
            #expect(findings["services.model-registry"]?.first?.level == "ok")
            #expect(findings["edges.trust"]?.first?.what.contains("development keys") == true, "\(findings)")
            #expect(findings["host.disk"]?.first?.level == "ok")
            #expect(try await stage.retained("retort/v1/doctor/#").isEmpty)
            try await stage.validateTraffic(except: Array("{".utf8))
        }
    }
}
