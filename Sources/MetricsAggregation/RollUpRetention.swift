import Telemetry

/// How long roll-ups are kept: devices are many, so theirs go sooner.
enum RollUpRetention {
    /// Seconds.
    static func of(_ resolution: FleetHistory.Resolution, _ kind: Subject.Kind) -> Double {
        switch (resolution, kind) {
        case (.minute, .device): 6 * 3600
        case (.minute, _): 2 * 86_400
        case (.hour, .device): 15 * 86_400
        case (.hour, _): 400 * 86_400
        case (.day, .device): 2 * 366 * 86_400
        case (.day, _): 10 * 366 * 86_400
        }
    }
}
