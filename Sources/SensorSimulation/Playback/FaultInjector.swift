import Telemetry

/// Kinds of trouble that real sensors have, each with its mean number a minute of device time.
public struct FaultRates: Sendable, Equatable {
    /// The kinds.
    public enum Kind: String, Sendable, CaseIterable {
        /// Messages that are lost for one to eight seconds.
        case gaps
        /// A channel that repeats its value for 5 to 20 seconds.
        case stuck
        /// Single values far off.
        case spikes
        /// A message that comes after the next one.
        case disorder
        /// A message that comes twice.
        case duplicates
        /// Values that are null.
        case missing

        var usual: Double {
            switch self {
            case .gaps: 0.1
            case .stuck: 0.05
            case .spikes: 0.5
            case .disorder, .duplicates, .missing: 0.3
            }
        }
    }

    public var perMinute: [Kind: Double]

    public init(_ perMinute: [Kind: Double] = [:]) { self.perMinute = perMinute }

    /// Reads `gaps`, `spikes=2` and the like.
    ///
    /// - Returns: nothing where a word is no kind, or a rate no number from 0 to 60.
    public init?(words: [String]) {
        perMinute = [:]
        for word in words where word != "none" {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false)
            guard let kind = Kind(rawValue: String(parts[0])), parts.count <= 2 else { return nil }
            guard parts.count == 2 else {
                perMinute[kind] = kind.usual
                continue
            }
            guard let rate = Double(parts[1]), rate >= 0, rate <= 60 else { return nil }
            perMinute[kind] = rate
        }
    }
}

/// Does to a device's messages what radios and sensors do to them.
struct FaultInjector {
    private let rates: FaultRates
    private var random: SeededGenerator
    private var lostUntil = -Double.infinity
    private var stuck: (channel: Int, value: Float, until: Double)?
    private var held: TelemetryMessage?

    init(rates: FaultRates, device: String, seed: Int) {
        self.rates = rates
        random = SeededGenerator(seed: seed, name: device + "/faults")
    }

    mutating func pass(_ message: TelemetryMessage, _ id: DeviceID, into messages: inout [SimulatedMessage]) {
        guard let t = message.t else { return }
        let seconds = Double(message.rows) * (message.interval ?? 0)
        var message = message
        if begins(.gaps, seconds) { lostUntil = t + random.uniform(1, 8) }
        if t < lostUntil { return }
        damage(&message, t, seconds)
        let follows = held
        held = nil
        if follows == nil, begins(.disorder, seconds) {
            held = message
            return
        }
        messages.append(.telemetry(id, message))
        if begins(.duplicates, seconds) { messages.append(.telemetry(id, message)) }
        if let follows { messages.append(.telemetry(id, follows)) }
    }

    /// Lets go of a message that was held back.
    mutating func flush(into messages: inout [SimulatedMessage], _ id: DeviceID) {
        if let held { messages.append(.telemetry(id, held)) }
        held = nil
    }

    private mutating func damage(_ message: inout TelemetryMessage, _ t: Double, _ seconds: Double) {
        let channels = message.channels.count
        if begins(.stuck, seconds) {
            let channel = Int.random(in: 0..<channels, using: &random)
            stuck = (channel, message.values[channel], t + random.uniform(5, 20))
        }
        if let fault = stuck {
            if t < fault.until {
                for row in 0..<message.rows { message.values[row * channels + fault.channel] = fault.value }
            } else {
                stuck = nil
            }
        }
        if begins(.spikes, seconds) {
            let at = Int.random(in: 0..<message.values.count, using: &random)
            let size = Float(random.uniform(20, 80)) * (random.next() % 2 == 0 ? 1 : -1)
            message.values[at] = (message.values[at] + size).rounded()
        }
        if begins(.missing, seconds) {
            let channel = Int.random(in: 0..<channels, using: &random)
            let first = Int.random(in: 0..<message.rows, using: &random)
            let last = min(message.rows - 1, first + Int.random(in: 0..<10, using: &random))
            for row in first...last { message.values[row * channels + channel] = .nan }
        }
    }

    private mutating func begins(_ kind: FaultRates.Kind, _ seconds: Double) -> Bool {
        guard let rate = rates.perMinute[kind], rate > 0 else { return false }
        return random.happens(perSecond: rate / 60, within: seconds)
    }
}
