import BusAPI
import BusMosquitto
import BusTesting
import Foundation
import Logging
import Testing

@Suite("Reaching a broker that wants proof", .serialized)
struct MosquittoSecurityTests {
    private func bus(
        _ broker: MosquittoBroker, version: BusConnectionOptions.ProtocolVersion = .v5,
        change: (inout BusConnectionOptions) -> Void
    ) throws -> MosquittoBus {
        var options = BusConnectionOptions(host: "127.0.0.1", port: broker.port, clientID: "a", version: version)
        change(&options)
        return try MosquittoBus(
            options: options, reconnect: ReconnectPolicy(first: .milliseconds(10), longest: .milliseconds(50)),
            logger: .quiet)
    }

    /// The reason of the first failure to connect; fails where it connects.
    private func refusal(of bus: MosquittoBus) async throws -> String {
        let states = bus.states()
        return try await BusConformance.within(.seconds(20), "a refusal") {
            for await state in states {
                switch state {
                case .connected: throw FixtureError("it connected")
                case .disconnected("not connected yet"): continue
                case .disconnected(let reason): return reason
                }
            }
            throw FixtureError("the bus was closed")
        }
    }

    @Test(
        "A wrong password is refused with its reason, the right one is let in",
        arguments: BusConnectionOptions.ProtocolVersion.allCases)
    func passwords(version: BusConnectionOptions.ProtocolVersion) async throws {
        let file = NSTemporaryDirectory() + "/retort-passwords-\(UUID().uuidString)"
        try await Tool.run("mosquitto_passwd", ["-c", "-b", file, "edge", "secret"], package: "mosquitto")
        defer { try? FileManager.default.removeItem(atPath: file) }
        try await MosquittoBroker.with(["allow_anonymous false", "password_file \(file)"]) { broker in
            let wrong = try bus(broker, version: version) {
                $0.username = "edge"
                $0.password = "guess"
            }
            let reason = try await refusal(of: wrong)
            #expect(reason.lowercased().contains("authori"), "\(reason)")
            await wrong.close()
            let right = try bus(broker, version: version) {
                $0.username = "edge"
                $0.password = "secret"
            }
            try await right.publish(whenConnected: BusMessage(topic: "x", text: "1"))
            await right.close()
        }
    }

    @Test("Publishing where the access list forbids it throws refused")
    func accessList() async throws {
        let file = NSTemporaryDirectory() + "/retort-access-\(UUID().uuidString)"
        try "topic write open/#\ntopic read #\n".write(toFile: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        defer { try? FileManager.default.removeItem(atPath: file) }
        try await MosquittoBroker.with(["allow_anonymous true", "acl_file \(file)"]) { broker in
            let bus = try bus(broker) { _ in }
            try await bus.publish(whenConnected: BusMessage(topic: "open/x", text: "1"))
            await #expect {
                try await bus.publish(BusMessage(topic: "closed/x", text: "1"))
            } throws: {
                ($0 as? BusError)?.code == .refused
            }
            await bus.close()
        }
    }

    @Test("A message above the broker's limit throws tooLarge and leaves the connection")
    func packetLimit() async throws {
        try await MosquittoBroker.with(["allow_anonymous true", "max_packet_size 10000"]) { broker in
            let bus = try bus(broker) { _ in }
            try await bus.publish(whenConnected: BusMessage(topic: "x", text: "1"))
            await #expect {
                try await bus.publish(BusMessage(topic: "x", payload: Array(repeating: 1, count: 20_000)))
            } throws: {
                ($0 as? BusError)?.code == .tooLarge
            }
            try await bus.publish(BusMessage(topic: "x", text: "2"))
            #expect(bus.statistics.reconnects == 0)
            await bus.close()
        }
    }

    @Test("TLS is spoken with the authority that is trusted, and never anything weaker")
    func encryption() async throws {
        let folder = NSTemporaryDirectory() + "/retort-certificates-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["broker", "other"] {
            try await Tool.run(
                "openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt", "-subj", "/CN=\(name)",
                    "-addext",
                    "subjectAltName=IP:127.0.0.1",
                ], package: "openssl")
        }
        try "no certificate".write(toFile: "\(folder)/bad.crt", atomically: true, encoding: .utf8)
        let settings = [
            "allow_anonymous true", "certfile \(folder)/broker.crt", "keyfile \(folder)/broker.key",
        ]
        try await MosquittoBroker.with(settings) { broker in
            let trusting = try bus(broker) { $0.tls = .init(certificateAuthorities: "\(folder)/broker.crt") }
            try await trusting.publish(whenConnected: BusMessage(topic: "x", text: "1"))
            await trusting.close()
            for file in ["other.crt", "bad.crt"] {
                let bus = try bus(broker) { $0.tls = .init(certificateAuthorities: "\(folder)/\(file)") }
                _ = try await refusal(of: bus)
                await bus.close()
            }
            // A certificate for an address does not serve for a name.
            let misnamed = try bus(broker) {
                $0.host = "localhost"
                $0.tls = .init(certificateAuthorities: "\(folder)/broker.crt")
            }
            _ = try await refusal(of: misnamed)
            await misnamed.close()
            for tls in [
                BusConnectionOptions.TLS(certificateAuthorities: "\(folder)/missing.crt"),
                .init(certificateAuthorities: "\(folder)/broker.crt", certificate: "\(folder)/broker.crt"),
            ] {
                #expect {
                    try bus(broker) { $0.tls = tls }
                } throws: {
                    ($0 as? BusError)?.code == .invalidConfiguration
                }
            }
        }
        // A broker without TLS is not spoken to in plain text.
        try await MosquittoBroker.with { broker in
            let bus = try bus(broker) { $0.tls = .init(certificateAuthorities: "\(folder)/broker.crt") }
            _ = try await refusal(of: bus)
            await bus.close()
        }
    }

    @Test("Options that cannot be meant are refused at once")
    func options() {
        let good = BusConnectionOptions(host: "h", port: 1883, clientID: "a")
        let changes: [(inout BusConnectionOptions) -> Void] = [
            { $0.host = "" }, { $0.port = 0 }, { $0.port = 70_000 }, { $0.clientID = "" }, { $0.keepAlive = 1 },
            { $0.inflightLimit = 0 }, { $0.will = BusMessage(topic: "a/#", text: "") },
            { $0.birth = BusMessage(topic: "", text: "") },
        ]
        for change in changes {
            var options = good
            change(&options)
            #expect {
                try MosquittoBus(options: options, logger: .quiet)
            } throws: {
                ($0 as? BusError)?.code == .invalidConfiguration
            }
        }
    }
}

extension MessageBus {
    /// Publishes once there is a connection.
    func publish(whenConnected message: BusMessage) async throws {
        for await state in states() where state == .connected { break }
        try await publish(message)
    }
}
