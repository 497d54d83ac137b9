import BusAPI
import ModelArtifact
import Telemetry

/// Takes back what is retained about devices. Their edge, which sees that, forgets them too.
public struct DeviceForget: Sendable {
    private let patterns: [String]
    private let prefix: String
    private let onlyHomeAssistant: Bool
    private let client: FleetClient

    /// - Parameters:
    ///   - patterns: `SITE/DEVICE`, with `*` for any run of characters.
    ///   - prefix: Home Assistant's discovery prefix.
    ///   - onlyHomeAssistant: whether our own topics stay.
    public init(patterns: [String], prefix: String, onlyHomeAssistant: Bool = false, client: FleetClient) {
        self.patterns = patterns
        self.prefix = prefix
        self.onlyHomeAssistant = onlyHomeAssistant
        self.client = client
    }

    /// - Returns: the topics that were emptied, or would be.
    /// - Throws: ``FleetConsoleError``; `BusError` where the broker refuses.
    public func run(isDry: Bool = false) async throws -> [String] {
        let topics = client.topics
        let own = try await client.retained(
            [
                ["availability", "device", "+", "+"], ["device", "+", "+"], ["state", "+", "+", "+"],
                ["fleet", "device", "+", "+"],
            ].map { BusFilter(topics.root + "/" + $0.joined(separator: "/")) })
        let described = try await client.retained([BusFilter("\(prefix)/device/+/+/config")]).map(\.topic)
        var devices: Set<DeviceID> = []
        var found: [String] = []
        for message in own {
            guard let device = device(topics.parse(message.topic)), matches(device) else { continue }
            devices.insert(device)
            if !onlyHomeAssistant { found.append(message.topic) }
        }
        // A device whose other topics are gone is still found by its exact name.
        for pattern in patterns where !pattern.contains("*") {
            let parts = pattern.split(separator: "/").map(String.init)
            if parts.count == 2 { devices.insert(DeviceID(site: parts[0], device: parts[1])) }
        }
        found += devices.sorted().map { HomeAssistantTopic.config(prefix: prefix, $0) }.filter(described.contains)
        guard !isDry else { return found }
        // What the edge listens to first, so that it says nothing of the device again.
        let heard = onlyHomeAssistant ? [] : devices.sorted().map { topics.string(.device($0)) }
        for topic in heard + found.filter({ !heard.contains($0) }) {
            try await client.bus.publish(BusMessage(topic: topic, payload: [], retained: true))
        }
        return found
    }

    private func device(_ topic: Topic?) -> DeviceID? {
        switch topic {
        case .deviceAvailability(let id), .device(let id), .fleetDevice(let id), .state(let id, _): id
        default: nil
        }
    }

    private func matches(_ device: DeviceID) -> Bool {
        patterns.contains { TaskDocument.matches($0, device.description) }
    }
}
