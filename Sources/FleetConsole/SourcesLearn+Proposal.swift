public import JSON
public import ModelArtifact
import Telemetry

extension SourcesLearn {
    /// What is proposed from what was seen.
    public struct Proposal: Sendable {
        /// A sources file that is read as it stands.
        public var sources: JSONValue
        /// A draft: its classes are to be named, and its window to be chosen.
        public var task: TaskDocument
        /// A row for each channel.
        public var channels: TextTable
        /// What is no channel, and why, a line each.
        public var leftOut: [String]
    }

    /// - Parameters:
    ///   - name: of the source and the task; several sources get a number.
    ///   - site: where the task runs.
    /// - Throws: ``FleetConsoleError`` `.failed` where nothing seen can be a channel.
    public func proposal(name: String, site: String) throws(FleetConsoleError) -> Proposal {
        let (learned, unread) = learn(name: name)
        guard !learned.isEmpty else {
            throw FleetConsoleError(
                .failed,
                messages == 0
                    ? "no message came on \(filter): listen longer (--for), or write another filter"
                    : "none of \(messages) messages on \(filter) has a number, a yes or no, or a few words: "
                        + unread.prefix(3).joined(separator: "; "))
        }
        let file = JSONValue.object([
            "format": .integer(Int64(SourcesDocument.currentFormat)),
            "sources": .array(learned.map(\.json)),
        ])
        do throws(SourceError) { _ = try SourcesDocument(json: file) } catch {
            throw FleetConsoleError(.failed, "what was seen makes no sources file: \(error)")
        }
        var leftOut = unread
        for source in learned {
            leftOut += source.leftOut.map { TextTable.printable("\(source.topic), \($0.path): \($0.reason)") }
        }
        return Proposal(
            sources: file, task: Self.task(name: name, site: site, learned), channels: Self.table(learned),
            leftOut: leftOut)
    }

    /// Sources of the topics that have something to sense, and a line for each of the others.
    private func learn(name: String) -> (sources: [LearnedSource], unread: [String]) {
        struct Shape: Hashable {
            let levels: Int
            let format: Format
        }
        var groups: [Shape: [Seen]] = [:]
        var unread: [String] = []
        for (topic, seen) in topics.sorted(by: { $0.key < $1.key }) {
            switch seen.format {
            case .json, .value:
                groups[Shape(levels: seen.parts.count, format: seen.format), default: []].append(seen)
            case .senML: unread.append(TextTable.printable("\(topic): SenML; name its records with \"senml-json\""))
            case .other:
                unread.append(
                    TextTable.printable(
                        "\(topic): neither JSON nor a bare value; \"int16\" and \"float32\" are set by hand"))
            }
        }
        let levels = filter.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var sources: [LearnedSource] = []
        let order = groups.keys.sorted { ($0.format.rawValue, $0.levels) < ($1.format.rawValue, $1.levels) }
        for shape in order {
            guard let seen = groups[shape] else { continue }
            let title = sources.isEmpty ? name : "\(name)-\(sources.count + 1)"
            let source = LearnedSource(name: title, format: shape.format, topics: seen, filter: levels)
            if source.channels.isEmpty {
                unread += source.leftOut.map { TextTable.printable("\(source.topic), \($0.path): \($0.reason)") }
            } else {
                sources.append(source)
            }
        }
        return (sources, unread)
    }

    private static func table(_ sources: [LearnedSource]) -> TextTable {
        var table = TextTable([
            ("source", .left), ("channel", .left), ("path", .left), ("type", .left), ("unit", .left), ("seen", .right),
            ("devices", .right), ("example", .left), ("timing", .left),
        ])
        for source in sources {
            for channel in source.channels {
                let timing =
                    channel.rate.map { "every \(LearnedField.rounded(1 / $0)) s" }
                    ?? "on change"
                    + (channel.field.longestInterval.map { ", silent for \(LearnedField.rounded($0)) s" } ?? "")
                table.append([
                    source.name, channel.name, channel.path, channel.field.kind.rawValue, channel.unit ?? "",
                    String(channel.field.count), String(channel.devices.count), channel.field.example, timing,
                ])
            }
        }
        return table
    }

    // MARK: The task

    /// A draft of a task on the channels that most devices have together.
    private static func task(name: String, site: String, _ sources: [LearnedSource]) -> TaskDocument {
        var byDevice: [String: Set<String>] = [:]
        for channel in sources.flatMap(\.channels) {
            for device in channel.devices { byDevice[device, default: []].insert(channel.name) }
        }
        let sets = Dictionary(grouping: byDevice.values) { $0 }.mapValues(\.count)
        let most = sets.max { a, b in
            (a.value, a.key.count, b.key.sorted().joined()) < (b.value, b.key.count, a.key.sorted().joined())
        }
        let wanted = most?.key ?? []
        var channels: [LearnedSource.Channel] = []
        for channel in sources.flatMap(\.channels)
        where wanted.contains(channel.name) && !channels.contains(where: { $0.name == channel.name }) {
            channels.append(channel)
        }
        // As fast as the fastest steady channel; what speaks on change alone is looked at once a minute.
        let rate = channels.compactMap(\.rate).max() ?? LearnedField.rounded(1.0 / 60)
        return TaskDocument(
            name: name, channels: channels.map { .init(name: $0.name, unit: $0.unit ?? "") }, rate: rate, window: 30,
            step: 15, classes: [.init(name: "first"), .init(name: "second")], missingChannel: .hold,
            devices: ["\(site)/*"])
    }
}
