import ModelArtifact
import Telemetry

/// What a job trains from: one window for each sample, with its target and the device it came from.
struct CollectedSamples: Sendable {
    let task: TaskDocument
    /// (samples × window × channels), row-major, raw units.
    var values: [Float]
    /// Nothing where no label covers the window.
    var targets: [WindowTarget?]
    var devices: [DeviceID]
    /// What teachers elsewhere said; nothing for a job with a teacher of its own.
    var answers: Answers?

    var count: Int { targets.count }

    struct Answers: Sendable {
        /// (samples × outputs): probabilities, or the value; NaN throughout a row where nobody answered.
        var values: [Float]
        /// As the verdicts named them, whoever answered most windows first.
        var teachers: [String]
        /// Samples that were answered.
        var count: Int
    }
}
