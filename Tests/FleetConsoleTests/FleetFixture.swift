import BusAPI
import JSON
import Telemetry

@testable import FleetConsole

/// A small fleet as its topics say it: one model, one edge, two devices of one name.
enum FleetFixture {
    static let t = 1_760_000_000.0
    static let topics = TopicSpace()
    static let edge = EdgeID(site: "north", edge: "gw-north")
    static let wrist = DeviceID(site: "north", device: "wrist-7")
    static let joules = JoulesFigure(
        value: 0.05, low: 0.02, high: 0.1, method: .modelled, includes: ["compute", "idle"], compute: 0.001)

    static let score = AccuracyMessage(
        t: t, from: t - 3600, to: t, basis: .truth, decisions: 1000, scored: 400, mixed: 3, coverage: 0.4,
        accuracy: ScoreInterval(value: 0.7, low: 0.65, high: 0.74),
        withCloud: ScoreInterval(value: 0.75, low: 0.7, high: 0.79), decidedByCloud: 0.1,
        latency: .init(median: 1.5, p95: 4, p99: 15),
        teacher: TeacherScore(
            scored: 200, accuracy: ScoreInterval(value: 0.8, low: 0.74, high: 0.85),
            student: ScoreInterval(value: 0.6, low: 0.53, high: 0.67),
            agreement: ScoreInterval(value: 0.65, low: 0.58, high: 0.71)),
        joulesPerInference: joules,
        joulesPerCorrect: JoulesFigure(value: 0.07, low: 0.03, high: 0.15, method: .modelled, includes: ["compute"]),
        perClass: [
            .init(label: "walking", support: 200, precision: 0.7, recall: 0.7, f1: 0.7),
            .init(label: "sitting", support: 200, precision: 0.7, recall: 0.7, f1: 0.7),
        ],
        confusion: ConfusionTable(
            labels: ["sitting", "walking"], student: [[140, 60], [60, 140]], teacher: [[60, 20], [20, 100]]))

    static var messages: [(Topic, [UInt8])] {
        let summary = FleetSummary(
            t: t, devices: .init(known: 2, online: 1), edges: .init(known: 1, online: 1), windows: 1000,
            windowsPerSecond: 12.5, decidedByCloud: 0.1, running: ["north/gw-north": ["activity": 2]],
            models: [
                "activity": .init(
                    version: 2, desired: 2, basis: .truth, scored: 400, accuracy: score.accuracy,
                    teacher: score.teacher,
                    joulesPerInference: joules)
            ], bytes: ["updates": 12_000, "uploads": 345_678], joules: ["compute": joules, "idle": joules],
            jobs: [
                "job-1": .init(model: "activity", phase: .teacher, fraction: 0.34, secondsLeft: 20),
                "job-0": .init(model: "activity", phase: .failed, fraction: 0.1),
            ])
        let release = ReleaseMessage(
            t: t - 60, model: "activity", version: 2, previous: 1, digest: String(repeating: "b", count: 64),
            size: 8868,
            parameters: 3742, multiplyAccumulates: 10_000, compressedBytes: 6604,
            report: ["teacher": .object(["parameters": .integer(148_754)])])
        let device = FleetDevice(
            t: t, state: .online,
            models: [
                "activity": .init(
                    version: 2, label: "walking", confidence: 0.914, to: t - 30,
                    card: Scorecard(windows: 500, scored: 200, basis: .truth, accuracy: score.accuracy))
            ])
        return [
            (.fleetSummary, summary.payload), (.accuracy(model: "activity", version: 2), score.payload),
            (.release(model: "activity", channel: "stable"), release.payload),
            (
                .installed(model: "activity", edge),
                InstalledMessage(
                    t: t, state: .running, running: 2, digest: release.digest, desired: 2, previous: 1,
                    method: "residual",
                    bytes: 2056, seconds: 1.6
                ).payload
            ),
            (.fleetDevice(wrist), device.payload),
            (.fleetDevice(DeviceID(site: "south", device: "wrist-7")), FleetDevice(t: t, state: .offline).payload),
            (.fleetDevice(DeviceID(site: "south", device: "ankle-1")), FleetDevice(t: t, state: .unknown).payload),
            (
                .device(wrist),
                DeviceMessage(
                    t: t, edge: "gw-north", name: "My Wrist",
                    battery: .init(percent: 12, percentPerDay: -2, daysLeft: 6),
                    clockSkew: 90
                ).payload
            ),
            (
                .fleetEdge(edge),
                FleetEdge(
                    t: t, state: .online, devices: 2,
                    figures: Scorecard(
                        windows: 1440,
                        joules: [
                            "compute": .init(
                                value: 0.21, low: 0.14, high: 0.31, method: .modelled, includes: ["compute"])
                        ])
                ).payload
            ),
            (.serviceAvailability(executable: "edge-inferencer", instance: "gw-north"), Array("online".utf8)),
            (.serviceAvailability(executable: "metrics-aggregator", instance: "aggregator"), Array("online".utf8)),
        ]
    }

    /// The fleet as a newcomer finds it.
    static func view(_ more: [(Topic, [UInt8])] = [], retained: Bool = true, now: Double = t) -> FleetView {
        var view = FleetView(topics: topics)
        for (topic, payload) in messages + more {
            view.ingest(BusMessage(topic: topics.string(topic), payload: payload, retained: retained), now: now)
        }
        return view
    }
}
