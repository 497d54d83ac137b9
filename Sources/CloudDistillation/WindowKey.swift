import Telemetry

/// A window of a device: where it starts, in milliseconds since 1970.
struct WindowKey: Sendable, Hashable, Comparable {
    let device: DeviceID
    let milliseconds: Int64

    var start: Double { Double(milliseconds) / 1000 }

    static func < (a: Self, b: Self) -> Bool { (a.device, a.milliseconds) < (b.device, b.milliseconds) }
}
