public import BusAPI
public import Telemetry

/// What devices send, from listening for a while: channels and rates to make a task from.
public struct TelemetrySurvey: Sendable {
    /// One device as it was heard.
    public struct Device: Sendable, Equatable {
        public var channels: [String] = []
        /// Samples a second: as the device says, or by what came.
        public var rate: Double?
        var samples = 0
        var first: Double?
        var last = 0.0
    }

    public private(set) var devices: [DeviceID: Device] = [:]
    private let topics: TopicSpace

    public init(topics: TopicSpace) { self.topics = topics }

    public var filters: [BusFilter] { [BusFilter(topics.filter("telemetry", "+", "+"))] }

    /// - Parameter now: time of arrival, Unix seconds.
    public mutating func take(_ message: BusMessage, now: Double) {
        // What cannot be read is no device's.
        guard case .telemetry(let id) = topics.parse(message.topic), !message.retained,
            let telemetry = try? TelemetryMessage(payload: message.payload)
        else { return }
        let batch = telemetry.batch(arrival: now)
        var device = devices[id] ?? Device()
        for channel in batch.channels where !device.channels.contains(channel) { device.channels.append(channel) }
        if device.first == nil { device.first = now } else { device.samples += batch.rows }
        device.last = now
        if let interval = batch.interval {
            device.rate = Self.rounded(1 / interval)
        } else if let first = device.first, now > first, device.samples > 0 {
            device.rate = Self.rounded(Double(device.samples) / (now - first))
        }
        devices[id] = device
    }

    /// Three digits are as much as a rate by arrival is worth.
    private static func rounded(_ rate: Double) -> Double {
        var scale = 1.0
        while rate * scale < 100, scale < 1e6 { scale *= 10 }
        return (rate * scale).rounded() / scale
    }

    /// Devices and what they send, a line each.
    public var table: TextTable {
        var table = TextTable([("DEVICE", .left), ("SAMPLES/S", .right), ("CHANNELS", .left)])
        for (id, device) in devices.sorted(by: { $0.key < $1.key }) {
            table.append([
                id.description, device.rate.map { "\($0)" } ?? "", device.channels.joined(separator: " "),
            ])
        }
        return table
    }
}

extension FleetClient {
    /// Listens for a while.
    ///
    /// - Parameter now: Unix seconds.
    public func survey(seconds: Double, now: @escaping @Sendable () -> Double) async throws -> TelemetrySurvey {
        var survey = TelemetrySurvey(topics: topics)
        let subscription = try await subscribe(to: survey.filters)
        let end = Task {
            // Only cancellation, which nobody does, would end the sleep early.
            try? await Task.sleep(for: .seconds(seconds))
            subscription.cancel()
        }
        for await batch in subscription { for message in batch { survey.take(message, now: now()) } }
        await end.value
        return survey
    }
}
