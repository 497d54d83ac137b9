/// How far a device's clock is ahead of ours, from the times it writes and when its messages come.
///
/// The median of the last messages' differences, so that neither one wild time nor one late message counts; the usual
/// delay of a message is in it.
public struct ClockSkew: Sendable, Equatable {
    /// Messages that are looked at.
    public static let window = 15
    /// Beyond this, in seconds, the device does not tell today's time (a replay, a clock never set): nothing is estimated.
    public static let bound = 86_400.0

    private var differences: [Double] = []
    private var next = 0
    private var median: Double?

    public init() {}

    /// Seconds by which the device's clock is ahead; nothing before a message with a time, or beyond ``bound``.
    public var seconds: Double? { median.flatMap { abs($0) <= Self.bound ? $0 : nil } }

    /// Whether the device's times are further from ours than any clock's error.
    public var isBeyondBound: Bool { median.map { abs($0) > Self.bound } ?? false }

    /// - Parameters:
    ///   - deviceTime: of the newest reading in a message.
    ///   - arrival: when the message came.
    public mutating func observe(deviceTime: Double, arrival: Double) {
        let difference = deviceTime - arrival
        if differences.count < Self.window {
            differences.append(difference)
        } else {
            differences[next] = difference
            next = (next + 1) % Self.window
        }
        median = differences.sorted()[differences.count / 2]
    }
}
