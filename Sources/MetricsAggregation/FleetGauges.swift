import Metrics
import Synchronization
import Telemetry

/// The fleet as gauges for a metrics system. Dimensions are models alone, never devices.
final class FleetGauges: Sendable {
    private struct Model: Sendable {
        let version: Gauge
        let accuracy: Gauge
        let teacherAccuracy: Gauge
        let joulesPerInference: Gauge
        let joulesPerCorrect: Gauge

        init(_ model: String) {
            let dimensions = [("model", model)]
            version = Gauge(label: "retort_model_version", dimensions: dimensions)
            accuracy = Gauge(label: "retort_model_accuracy", dimensions: dimensions)
            teacherAccuracy = Gauge(label: "retort_teacher_accuracy", dimensions: dimensions)
            joulesPerInference = Gauge(label: "retort_joules_per_inference", dimensions: dimensions)
            joulesPerCorrect = Gauge(label: "retort_joules_per_correct", dimensions: dimensions)
        }
    }

    /// Models shown at most; further ones are on the bus alone.
    private static let capacity = 256

    private let devices = Gauge(label: "retort_fleet_devices")
    private let devicesOnline = Gauge(label: "retort_fleet_devices_online")
    private let edges = Gauge(label: "retort_fleet_edges")
    private let edgesOnline = Gauge(label: "retort_fleet_edges_online")
    private let windows = Gauge(label: "retort_fleet_windows")
    private let rate = Gauge(label: "retort_fleet_windows_per_second")
    private let byCloud = Gauge(label: "retort_fleet_decided_by_cloud_ratio")
    private let bytesUpdates = Gauge(label: "retort_fleet_bytes", dimensions: [("cause", "updates")])
    private let bytesUploads = Gauge(label: "retort_fleet_bytes", dimensions: [("cause", "uploads")])
    private let models = Mutex<[String: Model]>([:])

    func show(_ summary: FleetSummary) {
        devices.record(summary.devices.known)
        devicesOnline.record(summary.devices.online)
        edges.record(summary.edges.known)
        edgesOnline.record(summary.edges.online)
        windows.record(summary.windows)
        rate.record(summary.windowsPerSecond)
        byCloud.record(summary.decidedByCloud)
        bytesUpdates.record(summary.bytes["updates"] ?? 0)
        bytesUploads.record(summary.bytes["uploads"] ?? 0)
        for (name, model) in summary.models {
            let gauges: Model? = models.withLock { models in
                if let known = models[name] { return known }
                guard models.count < Self.capacity else { return nil }
                let new = Model(name)
                models[name] = new
                return new
            }
            guard let gauges else { continue }
            if let version = model.version { gauges.version.record(version) }
            if let accuracy = model.accuracy { gauges.accuracy.record(accuracy.value) }
            if let accuracy = model.teacher?.accuracy { gauges.teacherAccuracy.record(accuracy.value) }
            if let joules = model.joulesPerInference { gauges.joulesPerInference.record(joules.value) }
            if let joules = model.joulesPerCorrect { gauges.joulesPerCorrect.record(joules.value) }
        }
    }
}
