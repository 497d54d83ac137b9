import BusAPI
import JSON
import ModelArtifact
import Telemetry
import Testing

@testable import FleetConsole

@Suite("What a check-up says of a fleet")
struct FleetCheckTests {
    private static let t = FleetFixture.t
    private static let task = TaskDocument(
        name: "activity", channels: [.init(name: "ax", unit: "")], rate: 20, window: 20, step: 10,
        classes: [.init(name: "sitting"), .init(name: "walking")], devices: ["north/wrist-*"])

    private static func status(
        _ details: JSONObject = ["site": .string("north")], version: String = "1", counters: [String: Int] = [:],
        t: Double = t
    ) -> StatusMessage {
        StatusMessage(
            t: t, session: "s", boot: "b", version: version, host: "pi", started: t, counters: counters,
            details: details)
    }

    private static let edge = Topic.status(executable: "edge-inferencer", instance: "gw-north")
    private static let telemetry = TelemetryMessage(t: t, interval: 0.05, channels: ["ax"], values: [1, 2]).payload

    /// A whole fleet in which nothing is wrong, and what else is said.
    private func findings(
        retained: [(Topic, [UInt8])] = [], live: [(Topic, [UInt8])] = [], names: [String] = [],
        without gone: Topic? = nil
    ) -> [DoctorFinding] {
        var view = FleetView(topics: FleetFixture.topics)
        var heard = HeardTraffic(topics: FleetFixture.topics)
        let standing =
            FleetFixture.messages.filter { if case .fleetDevice(let id) = $0.0 { id.site == "north" } else { true } }
            + ["model-registry/registry", "cloud-distiller/distiller"].map {
                let parts = $0.split(separator: "/").map(String.init)
                return (.serviceAvailability(executable: parts[0], instance: parts[1]), Array("online".utf8))
            } + [(Self.edge, Self.status().payload), (.task(model: "activity"), Self.task.json.bytes)] + retained
        func take(_ topic: String, _ payload: [UInt8], isRetained: Bool) {
            let message = BusMessage(topic: topic, payload: payload, retained: isRetained)
            view.ingest(message, now: Self.t)
            heard.take(message, now: Self.t)
        }
        for (topic, payload) in standing where topic != gone {
            take(FleetFixture.topics.string(topic), payload, isRetained: true)
        }
        for (topic, payload) in live { take(FleetFixture.topics.string(topic), payload, isRetained: false) }
        for name in names { take(name, Self.telemetry, isRetained: false) }
        return FleetCheck(fleet: view, heard: heard, seconds: 6, now: Self.t + 10).run()
    }

    private func bad(_ findings: [DoctorFinding]) -> [String] {
        findings.filter { $0.level != .ok }.map { "\($0.check): \($0.what)" }
    }

    @Test("A fleet that is well has no finding but good ones, each of which says what was looked at")
    func well() {
        let wrist = FleetFixture.wrist
        let findings = findings(live: [
            (.telemetry(wrist), Self.telemetry), (.telemetry(wrist), Self.telemetry),
            (.inference(wrist, model: "activity"), []),
            (
                .inference(wrist, model: "activity"),
                InferenceMessage(
                    t: Self.t, window: "w", from: Self.t, to: Self.t, edge: "gw-north", version: 2,
                    decision: .label("walking", superclass: nil, confidence: 0.9), latencyMicroseconds: 3
                ).payload
            ),
        ])
        #expect(bad(findings).isEmpty)
        #expect(findings.contains { $0.check == "topics.unread" && $0.what.contains("1 devices send") })
        #expect(findings.contains { $0.check == "services.version" } && findings.count >= 6)
    }

    @Test("Nothing of ours on a broker is an error, an executable that is missing or offline a warning")
    func services() {
        let empty = FleetCheck(
            fleet: FleetView(topics: FleetFixture.topics), heard: HeardTraffic(topics: FleetFixture.topics), seconds: 6,
            now: Self.t
        ).run()
        #expect(empty.contains { $0.level == .error && $0.check == "services" })
        let distiller = Topic.serviceAvailability(executable: "cloud-distiller", instance: "distiller")
        let gone = bad(findings(retained: [(distiller, Array("offline".utf8))]))
        #expect(gone.contains { $0.contains("no cloud-distiller is online: no student is trained") })
        #expect(gone.contains { $0.contains("cloud-distiller/distiller is offline") })
        let second = Topic.serviceAvailability(executable: "model-registry", instance: "two")
        #expect(bad(findings(retained: [(second, Array("online".utf8))])).contains { $0.contains("2 are online") })
        let other = Topic.status(executable: "model-registry", instance: "registry")
        #expect(
            bad(findings(retained: [(other, Self.status(version: "2").payload)])).contains {
                $0.contains("1: edge-inferencer/gw-north; 2: model-registry/registry")
            })
    }

    @Test("A clock that is off, conflicts, expired trust, forbidden meters and failing disks are told by edge")
    func edges() {
        let details: JSONObject = [
            "site": .string("north"), "conflicts": .object(["edges": .array([.string("gw-b")])]),
            "trust": .object(["state": .string("expired")]),
            "metersUnavailable": .object([
                "rapl": .string("/sys/x may not be read: give this user read access"),
                "hwmon": .string("/sys/y has no power sensor"),
            ]),
        ]
        let late = Self.status(details, counters: ["storageErrors": 3], t: Self.t - 40)
        let said = bad(findings(live: [(Self.edge, late.payload)]))
        for part in [
            "services.clock: the clock of edge-inferencer/gw-north on pi is 40 s behind this machine's",
            "edges.conflict: edge-inferencer/gw-north and gw-b serve one site", "edges.trust:", "edges.meter:",
            "edges.disk: edge-inferencer/gw-north failed to write 3 times",
        ] { #expect(said.contains { $0.hasPrefix(part) }, "no \(part) in \(said)") }
        #expect(!said.contains { $0.contains("hwmon") } && said.count == 5)
        let refused = InstalledMessage(
            t: Self.t, state: .refused, running: 2, desired: 3, refused: [.init(version: 3, reason: "went back")])
        #expect(
            bad(findings(retained: [(.installed(model: "activity", FleetFixture.edge), refused.payload)])).contains {
                $0.contains("does not install activity: version 3: went back")
            })
    }

    @Test("Telemetry that nobody reads, that no task covers, or that leads to no decision")
    func unread() {
        func device(_ site: String, _ name: String) -> (Topic, [UInt8]) {
            (.telemetry(DeviceID(site: site, device: name)), Self.telemetry)
        }
        let said = findings(
            live: [
                device("south", "a"), device("north", "pump-1"), device("north", "wrist-7"), device("north", "wrist-7"),
            ],
            names: ["retort/v1/telemetry/North/My Sensor"])
        let bad = bad(said)
        #expect(said.contains { $0.level == .error && $0.what.contains("nobody reads telemetry/south/") })
        #expect(bad.contains { $0.contains("no task covers north/pump-1") })
        #expect(bad.contains { $0.hasPrefix("topics.undecided: north/wrist-7") })
        #expect(bad.contains { $0.contains("retort/v1/telemetry/North/My Sensor (1 messages) is no topic of ours") })
    }

    @Test("Windows without a verdict, leftovers and rejects")
    func others() throws {
        let window = WindowMessage(
            t: Self.t, window: "wrist-7@1", from: Self.t, to: Self.t + 1, edge: "gw-north", reason: .uncertain,
            want: .verdict, channels: ["ax"], values: [1, 2])
        let topic = Topic.window(FleetFixture.wrist, model: "activity")
        #expect(bad(findings(live: [(topic, window.payload)])).contains { $0.contains("1 windows were uploaded") })
        let verdict = VerdictMessage(
            t: Self.t, window: "wrist-7@1", from: Self.t, to: Self.t + 1, teacher: "d",
            content: .probabilities([0.2, 0.8], label: "walking"))
        let answered = findings(live: [
            (topic, window.payload), (.verdict(FleetFixture.wrist, model: "activity"), verdict.payload),
        ])
        #expect(answered.contains { $0.check == "topics.unanswered" && $0.level == .ok })

        let orphan = DeviceMessage(t: Self.t, edge: "gone", name: "x")
        let reject = RejectMessage(
            t: Self.t, topic: "retort/v1/label/north/x", code: "malformed", reason: "no JSON", count: 7)
        let said = bad(
            findings(
                retained: [
                    (.device(DeviceID(site: "west", device: "x")), orphan.payload),
                    (
                        .installed(model: "activity", EdgeID(site: "north", edge: "old")),
                        InstalledMessage(t: Self.t, state: .running, running: 1).payload
                    ),
                    (.offer(model: "activity", base: "none", target: String(repeating: "d", count: 64)), [1]),
                ], live: [(.reject(executable: "cloud-distiller"), reject.payload)]))
        #expect(said.contains { $0.contains("retained about 1 devices of sites without any edge") }, "\(said)")
        #expect(said.contains { $0.contains("retained for north/old") })
        #expect(said.contains { $0.contains("1 updates of activity are offered to a student that is not released") })
        #expect(said.contains { $0.contains("retort/v1/label/north/x: no JSON (malformed, 7 so far)") })
    }

    @Test("The worst finding decides; JSON and text say what to do")
    func report() {
        var report = DoctorReport(findings: [.ok("a.b", "fine")], broker: "mqtt://h:1", t: 1)
        #expect(report.worst == .ok)
        report.findings.append(.warning("c", "so so", do: "mend it"))
        #expect(report.worst == .warning)
        report.findings.append(.error("d", "bad\u{1B}[2J", do: "stop it"))
        #expect(report.worst == .error && report.json.object?["worst"]?.string == "error")
        #expect(report.json.object?["findings"]?.elements?[1].object?["do"]?.string == "mend it")
        let text = report.text(Terminal(isTerminal: false, usesColour: false))
        #expect(text.contains("warning  c    so so\n              do: mend it") && !text.contains("\u{1B}"))
        #expect(text.hasSuffix("1 error, 1 warning"))
    }

    @Test("This machine: a folder that is not there is an error, a meter that is not there is none")
    func host() throws {
        var check = HostCheck(folders: ["/nowhere/at/all", "/tmp"], now: Self.t)
        check.meterRoots = ("/nowhere/rapl", "/nowhere/hwmon")
        let findings = check.run()
        #expect(findings.contains { $0.check == "host.disk" && $0.level == .error })
        #expect(findings.filter { $0.check.hasPrefix("host.meter") }.allSatisfy { $0.level == .ok })
        #expect(findings.contains { $0.check == "host.clock" && $0.level == .ok })
        let unset = HostCheck(folders: [], now: 100).run()
        #expect(unset.contains { $0.check == "host.clock" && $0.level == .error })
    }

    @Test("What a broker tells of itself: dropped messages and few files are warnings")
    func facts() {
        let messages = [("version", "mosquitto version 2.0.11"), ("clients/connected", "900")].map {
            BusMessage(topic: "$SYS/broker/" + $0.0, text: $0.1, retained: true)
        }
        let lost = BusMessage(topic: "$SYS/broker/publish/messages/dropped", text: "12", retained: true)
        #expect(BrokerFacts(messages).findings(fileLimit: nil).map(\.level) == [.ok])
        #expect(BrokerFacts(messages + [lost]).findings(fileLimit: 1024).map(\.level) == [.ok, .warning, .warning])
        #expect(BrokerFacts(messages).findings(fileLimit: 65_536).map(\.level) == [.ok, .ok])
        #expect(BrokerFacts([]).findings(fileLimit: 65_536).map(\.level) == [.ok])
    }
}
