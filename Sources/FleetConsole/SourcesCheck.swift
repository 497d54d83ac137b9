public import Telemetry

/// Tells what a sources file makes of messages, and what it cannot use.
///
/// Messages are lines as `mosquitto_sub -v` prints them: topic, a space, payload; or a tab between the two
/// (`-F '%t\t%p'`), where topics have spaces; or the time in front of them (`-F '%U\t%t\t%p'`).
public struct SourcesCheck: Sendable {
    /// Topics and failures that are told at most.
    public static let maximumNotes = 100

    private var reader: SourceReader
    private var channels: [Channel: Seen] = [:]
    /// Messages on topics that no source takes, by topic.
    private var unread: [String: Int] = [:]
    private var failures: [String] = []
    public private(set) var messages = 0
    public private(set) var failureCount = 0

    private struct Channel: Hashable {
        var source: String
        var device: DeviceID
        var name: String
    }

    private struct Seen {
        var count = 0
        var last: Reading
    }

    /// - Parameters:
    ///   - file: a sources file.
    ///   - site: of sources that name none.
    /// - Throws: `SourceError`, naming the key at fault.
    public init(file: [UInt8], site: String) throws(SourceError) {
        reader = SourceReader(try SourcesDocument(file: file), site: site)
    }

    /// - Parameter arrival: Unix seconds, of a line that says none.
    public mutating func append(line: String, arrival: Double) {
        guard let recorded = RecordedMessage(line: line) else {
            if !line.isEmpty { fail("\"\(line.prefix(60))\" is no line of topic and payload") }
            return
        }
        messages += 1
        let topic = recorded.topic
        do throws(SourceError) {
            let message = try reader.read(
                topic: topic, payload: recorded.payload, arrival: recorded.arrival ?? arrival)
            guard let message else {
                if unread.count < Self.maximumNotes || unread[topic] != nil { unread[topic, default: 0] += 1 }
                return
            }
            for device in message.devices { note(device, of: message.source) }
            for issue in message.issues { fail("\(topic): \(issue.place): \(issue.reason)") }
        } catch {
            fail("\(topic): \(error.message)")
        }
    }

    private mutating func note(_ device: DeviceReadings, of source: String) {
        var readings = device.readings
        func supply(_ name: String, _ value: Double?, _ unit: String) {
            guard let value else { return }
            readings.append(Reading(channel: name, t: readings.last?.t ?? 0, value: value, unit: unit))
        }
        supply("(battery)", device.batteryPercent, "%")
        supply("(supply)", device.supplyVolts, "V")
        for reading in readings {
            let channel = Channel(source: source, device: device.device, name: reading.channel)
            channels[channel, default: Seen(last: reading)].count += 1
            channels[channel]?.last = reading
        }
    }

    private mutating func fail(_ text: String) {
        failureCount += 1
        if failures.count < Self.maximumNotes { failures.append(text) }
    }

    /// Whether every message was used, all of it.
    public var isClean: Bool { failureCount == 0 && unread.isEmpty }

    /// What was read, a row for each channel.
    public var table: TextTable {
        var table = TextTable([
            ("source", .left), ("device", .left), ("channel", .left), ("readings", .right), ("last", .right),
            ("unit", .left), ("time", .left),
        ])
        let order = channels.sorted {
            ($0.key.source, $0.key.device.description, $0.key.name)
                < ($1.key.source, $1.key.device.description, $1.key.name)
        }
        for (channel, seen) in order {
            table.append([
                channel.source, channel.device.description, channel.name, String(seen.count),
                String(seen.last.value), seen.last.unit ?? "", seen.last.timeIsArrival ? "arrival" : "publisher",
            ])
        }
        return table
    }

    /// What was not used, a line each.
    public var problems: [String] {
        failures.map(TextTable.printable)
            + unread.sorted { $0.key < $1.key }.map {
                TextTable.printable("no source takes \($0.key) (\($0.value) messages)")
            }
    }
}
