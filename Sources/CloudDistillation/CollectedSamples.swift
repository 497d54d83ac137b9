import ModelArtifact
import Telemetry

/// What a job trains from: one window for each sample, with its target and the device it came from.
struct CollectedSamples: Sendable {
    let task: TaskDocument
    /// (samples × window × channels), row-major, raw units.
    var values: [Float]
    var targets: [WindowTarget]
    var devices: [DeviceID]

    var count: Int { targets.count }
}
