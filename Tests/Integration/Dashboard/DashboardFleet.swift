import BusAPI
import Foundation
import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry

/// A fleet that speaks on the stage's bus as edges, a registry and a distiller do, for the dashboard to show.
struct DashboardFleet: Sendable {
    static let evil = #"<script>document.title="taken"</script><img src=x onerror=alert(1)>"#
    static let classes = ["walking", "jogging", "stairs", "sitting", "standing", "typing"]
    static let model = "activity"
    static let task = TaskDocument(
        name: model, channels: ["ax", "ay", "az"].map { .init(name: $0, unit: "m/s²") }, rate: 20, window: 100,
        step: 50,
        classes: classes.map { .init(name: $0) }, devices: ["*/wrist-*"],
        student: .init(profile: "x86-gateway", parameters: 20_000, bytes: 65_536))
    static let edges = ["north": "gw-north", "south": "gw-south", "east": "gw-east"]
    static let devices = ["north", "south", "east"].flatMap { site in
        (1...3).map { DeviceID(site: site, device: "wrist-\($0)") }
    }

    let stage: ServiceStage
    let now = WallClock.now()

    /// Says everything.
    func speak() async throws {
        try await keep(.task(model: Self.model), Self.task.json.bytes)
        try await edges()
        try await devices()
        try await jobs()
        try await decisions()
    }

    private func keep(_ topic: Topic, _ payload: [UInt8]) async throws {
        try await stage.publish(topic, payload, retained: true)
    }

    private func edges() async throws {
        for (site, edge) in Self.edges {
            let id = EdgeID(site: site, edge: edge)
            let isAway = site == "east"
            try await keep(
                .serviceAvailability(executable: "edge-inferencer", instance: edge),
                Array((isAway ? "offline" : "online").utf8))
            let status = StatusMessage(
                t: now - (isAway ? 1800 : 4), session: "a", boot: "b", version: "1.0.0", host: "\(edge).lan",
                started: now - 90_000, counters: ["received": 182_733, "dropped": 3, "uploadedBytes": 1_827_341],
                details: ["site": .string(site), "devices": .integer(3)])
            try await keep(.status(executable: "edge-inferencer", instance: edge), status.payload)
            // Versions 1, 2 and 3 came one after the other; one edge is on its way to the last.
            for version in 1...3 where site == "north" || version < 3 {
                let installed = InstalledMessage(
                    t: now - Double(600 * (4 - version)), state: .running, running: version,
                    digest: String(repeating: "\(version)a", count: 32), desired: version,
                    previous: version > 1 ? version - 1 : nil,
                    method: version == 1 ? "full" : "residual",
                    base: version == 1 ? "none" : String(repeating: "\(version - 1)a", count: 32),
                    bytes: version == 1 ? 18_204 : 3_000 + 700 * version, seconds: 1.4)
                try await keep(.installed(model: Self.model, id), installed.payload)
            }
            if site == "south" {
                let moving = InstalledMessage(
                    t: now, state: .downloading, running: 2, digest: String(repeating: "2a", count: 32), desired: 3,
                    previous: 1, method: "residual", bytes: 5_100, chunksHave: 3, chunks: 5,
                    refused: [.init(version: 4, reason: Self.evil)])
                try await keep(.installed(model: Self.model, id), moving.payload)
            }
        }
        for (executable, instance) in [("model-registry", "registry"), ("cloud-distiller", "distiller")] {
            try await keep(.serviceAvailability(executable: executable, instance: instance), Array("online".utf8))
        }
    }

    private func devices() async throws {
        for device in Self.devices {
            let isAway = device.site == "east" || device.device == "wrist-3"
            try await keep(.deviceAvailability(device), Array((isAway ? "offline" : "online").utf8))
            let known = DeviceMessage(
                t: now, edge: Self.edges[device.site] ?? "",
                name: device.device == "wrist-2" ? Self.evil : device.device,
                battery: .init(percent: 73, percentPerDay: -0.6, daysLeft: 120), clockSkew: 0.02)
            try await keep(.device(device), known.payload)
        }
    }

    private func jobs() async throws {
        let running = JobProgress(
            t: now, id: "job-2", model: Self.model, distiller: "distiller", phase: .student, fraction: 0.42,
            loss: 0.513,
            secondsLeft: 95, seconds: ["preparing": 2.1, "teacher": 148])
        try await keep(.jobProgress(id: "job-2"), running.payload)
        let failed = JobProgress(
            t: now - 4000, id: "job-1", model: Self.model, distiller: "distiller", phase: .failed, fraction: 0.3,
            reason: Self.evil)
        try await keep(.jobProgress(id: "job-1"), failed.payload)
    }

    /// Windows of the last minutes of each device that is there, by three versions, scored and partly asked about.
    private func decisions() async throws {
        for device in Self.devices where device.site != "east" && device.device != "wrist-3" {
            for index in 0..<60 { try await decide(device, index) }
            try await energy(device.site, inferences: 240, joules: 0.06)
        }
    }

    /// The window that began so many steps before now: truth, decision, and a verdict for one in four.
    private func decide(_ device: DeviceID, _ index: Int) async throws {
        let from = (now / 5).rounded(.down) * 5 - Double(60 - index) * 5
        let window = "\(device.device)@\(String(format: "%.3f", from))"
        let truth = (index / 7 + device.device.utf8.count) % Self.classes.count
        let said = index % 5 == 3 ? (truth + 1 + index % 2) % Self.classes.count : truth
        let inference = InferenceMessage(
            t: now, window: window, from: from, to: from + 5, edge: Self.edges[device.site] ?? "",
            version: 1 + index / 20,
            decision: .label(Self.classes[said], superclass: nil, confidence: 0.6 + Double(index % 40) / 100),
            latencyMicroseconds: 30 + Double(index % 17))
        try await stage.publish(.inference(device, model: Self.model), inference.payload)
        let scored = LabelMessage(
            t: now, id: "truth-\(index)", from: from, to: from + 5, content: .label(Self.classes[truth]))
        try await stage.publish(.truth(device), scored.payload)
        guard index % 4 == 0 else { return }
        if index % 20 == 8 {
            var revised = inference
            (revised.revision, revised.decidedBy) = (1, .cloud)
            try await stage.publish(.inference(device, model: Self.model), revised.payload)
        }
        let taught = index % 16 == 12 ? (truth + 2) % Self.classes.count : truth
        let verdict = VerdictMessage(
            t: now, window: window, from: from, to: from + 5, teacher: "teacher-1",
            content: .probabilities(
                (0..<Self.classes.count).map { $0 == taught ? 0.9 : 0.02 }, label: Self.classes[taught]))
        try await stage.publish(.verdict(device, model: Self.model), verdict.payload)
    }

    private func energy(_ site: String, inferences: Int, joules: Double) async throws {
        let edge = EdgeID(site: site, edge: Self.edges[site] ?? "")
        for share in [0.5, 1.0] {
            let message = EnergyMessage(
                t: now + share, since: now - 3600, boot: "b", inferences: Int(Double(inferences) * share),
                multiplyAccumulates: 1_000_000,
                joules: [
                    "compute": .init(
                        value: joules * share, low: joules * share * 0.7, high: joules * share * 1.6, method: .modelled,
                        profile: "rpi5@2")
                ])
            try await keep(.energy(edge), message.payload)
        }
    }

    /// Sends a device's live signal as its edge does, twenty times as fast, with a decision for each window, until it is
    /// cancelled.
    func play(_ device: DeviceID) async throws {
        for second in 0... {
            let t = now + Double(second)
            let label = Self.classes[second / 15 % Self.classes.count]
            let pace = Double(2 + second / 15 % 3)
            let values = (0..<20).flatMap { row -> [Float] in
                let phase = Double(row) / 20 * 2 * .pi * pace
                return [Float(3 * sin(phase)), Float(1.5 * cos(phase)), Float(9.8 + 2 * sin(phase + 1))]
            }
            let samples = TelemetryMessage(t: t, interval: 0.05, channels: ["ax", "ay", "az"], values: values)
            try await stage.publish(.preview(device), PreviewMessage(t: WallClock.now(), samples: samples).payload)
            if second % 5 == 4 {
                let inference = InferenceMessage(
                    t: t, window: "\(device.device)@\(String(format: "%.3f", t - 4))", from: t - 4, to: t + 1,
                    edge: Self.edges[device.site] ?? "", version: 3,
                    decision: .label(label, superclass: nil, confidence: 0.91),
                    latencyMicroseconds: 41)
                try await stage.publish(.inference(device, model: Self.model), inference.payload)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
