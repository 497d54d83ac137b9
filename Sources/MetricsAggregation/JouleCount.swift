import Telemetry

/// Joules of one cause, with bounds; a sum takes the weakest method among its parts.
struct JouleCount: Sendable, Equatable {
    var value = 0.0
    var low = 0.0
    var high = 0.0
    var method = EnergyMessage.Method.measured

    mutating func add(_ other: JouleCount, share: Double = 1) {
        value += other.value * share
        low += other.low * share
        high += other.high * share
        method = max(method, other.method)
    }
}
