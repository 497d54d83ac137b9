public import Telemetry

/// A device as the plan names it.
public struct SimulatedDevice: Sendable, Equatable {
    public enum Origin: Sendable, Equatable {
        case recording(path: String)
        case scene(Scene)
    }

    public var id: DeviceID
    public var origin: Origin
    /// Whether its ground truth is for scoring alone.
    public var isEvaluation: Bool
}

/// What the simulator sends.
enum SimulatedMessage: Equatable {
    case telemetry(DeviceID, TelemetryMessage)
    /// Ground truth: on `truth/` where `forScoring`, else on `label/`.
    case label(DeviceID, LabelMessage, forScoring: Bool)
}

/// Plays one device: gathers its samples into messages and its labels into intervals. No clock, no I/O but the source's.
struct DevicePlayer {
    let device: SimulatedDevice
    /// Passes over everything the source holds that are complete.
    private(set) var passes = 0

    private let source: any SampleSource
    private let start: Double
    private let rowsPerMessage: Int
    private var faults: FaultInjector?
    private var upcoming: SourceSample
    private var sequence = 0
    private var batch: (t: Double, rows: Int, values: [Float]) = (0, 0, [])
    private var block: (label: String, from: Double, to: Double)?

    /// - Parameters:
    ///   - start: device time of the source's second 0, Unix seconds.
    ///   - batchSeconds: what one message carries.
    init(
        device: SimulatedDevice, source: any SampleSource, start: Double, batchSeconds: Double,
        faults: FaultInjector? = nil
    ) throws {
        self.device = device
        self.source = source
        self.start = start
        self.faults = faults
        rowsPerMessage = min(
            max(1, Int((batchSeconds / source.interval).rounded())), TelemetryMessage.maximumRows)
        upcoming = try source.next()
    }

    /// Everything up to a device time: messages whose last sample has been taken by then.
    mutating func play(to time: Double, into messages: inout [SimulatedMessage]) throws {
        while start + upcoming.t <= time {
            let sample = upcoming
            upcoming = try source.next()
            take(sample, next: upcoming, into: &messages)
        }
    }

    /// What has been gathered, at the end: a part of a message, and a label for the part of its interval.
    mutating func finish(into messages: inout [SimulatedMessage]) {
        send(into: &messages)
        faults?.flush(into: &messages, device.id)
        endBlock(into: &messages)
    }

    private mutating func take(_ sample: SourceSample, next: SourceSample, into messages: inout [SimulatedMessage]) {
        let t = start + sample.t
        if batch.rows == 0 { batch.t = t }
        batch.values += sample.values
        batch.rows += 1
        if let label = sample.label {
            block = (label, block?.from ?? t, t + source.interval)
        }
        let expected = batch.t + Double(batch.rows) * source.interval
        let isGap = abs(start + next.t - expected) > 0.25 * source.interval
        if batch.rows == rowsPerMessage || isGap || next.beginsPass { send(into: &messages) }
        // A pause of seconds is nobody's doing: what was done in it is not known.
        let isPause = next.t - sample.t > 2 + source.interval
        if next.label != sample.label || next.beginsBlock || isPause { endBlock(into: &messages) }
        if next.beginsPass { passes += 1 }
    }

    private mutating func send(into messages: inout [SimulatedMessage]) {
        guard batch.rows > 0 else { return }
        let message = TelemetryMessage(
            t: batch.t, interval: source.interval, sequence: sequence, channels: source.channels, values: batch.values)
        sequence += 1
        batch = (0, 0, [])
        guard faults != nil else {
            messages.append(.telemetry(device.id, message))
            return
        }
        faults?.pass(message, device.id, into: &messages)
    }

    private mutating func endBlock(into messages: inout [SimulatedMessage]) {
        guard let ended = block else { return }
        block = nil
        // The start in milliseconds names the block, also when a later run plays the same device.
        let id = "\(device.id.device)-\(Int64((ended.from * 1000).rounded()))"
        let value = source.labelsAreValues ? Double(ended.label) : nil
        let message = LabelMessage(
            t: ended.to, id: id, from: ended.from, to: ended.to,
            content: value.map(LabelMessage.Content.value) ?? .label(ended.label))
        messages.append(.label(device.id, message, forScoring: device.isEvaluation))
    }
}
