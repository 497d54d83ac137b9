import Distillation
import ModelArtifact
import Telemetry

@testable import CloudDistillation

/// A task small enough to train in a blink: two channels, eight samples at one a second, two classes.
enum TestTask {
    /// 2025-10-09, on the window grid.
    static let start = 1_760_000_000.0

    static func task(_ name: String = "shake", kind: TaskDocument.Kind = .classification) -> TaskDocument {
        TaskDocument(
            name: name, kind: kind,
            channels: [.init(name: "x", unit: "g"), .init(name: "y", unit: "g")], rate: 1, window: 8, step: 4,
            classes: kind == .classification ? [.init(name: "still"), .init(name: "moving")] : [],
            target: kind == .regression ? .init(name: "level", unit: "mm") : nil,
            devices: ["*/arm-*", "*/held-*"], evaluationDevices: ["*/held-*"])
    }

    static let arm = DeviceID(site: "home", device: "arm-1")
    static let held = DeviceID(site: "home", device: "held-1")

    /// Values of a window: still ones hover around zero, moving ones swing; `index` makes each its own.
    static func values(_ label: String, _ index: Int) -> [Float] {
        (0..<16).map { position in
            // 7919 and the prime 10007 have no common factor, so no two windows are equal.
            let noise = Float((index * 7919 + position * 17) % 10007) / 40_000
            guard label == "moving" else { return noise }
            return (position / 2 % 2 == 0 ? 1.5 : -1.5) + noise
        }
    }

    /// A window that starts `offset` seconds after ``start``.
    static func window(
        _ offset: Double, values: [Float], device: DeviceID = arm, want: WindowMessage.Want = .training,
        channels: [String] = ["x", "y"]
    ) -> WindowMessage {
        let from = start + offset
        return WindowMessage(
            t: from + 8, window: WindowID(device: device.device, start: from).description, from: from, to: from + 8,
            edge: "gw-1", reason: want == .training ? .bootstrap : .sample, want: want, channels: channels,
            values: values)
    }

    static func label(
        _ id: String, _ offset: Double, _ end: Double, _ content: LabelMessage.Content, t: Double = 0
    ) -> LabelMessage {
        LabelMessage(t: start + 10_000 + t, id: id, from: start + offset, to: start + end, content: content)
    }

    static func entry(_ offset: Double, _ values: [Float], device: DeviceID = arm, arrived: Double = start)
        -> TrainingSet.Entry
    {
        TrainingSet.Entry(
            key: WindowKey(device: device, milliseconds: Int64((start + offset) * 1000)), length: 8,
            content: ContentKey(of: FloatBytes.bytes(of: values)), arrived: arrived)
    }
}

extension Checkpoints {
    /// Keeps nothing.
    static let nowhere = Checkpoints(load: { _ in nil }, save: { _, _ in })
}
