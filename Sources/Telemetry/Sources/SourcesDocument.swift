/// A sources file: what publishers send, and how it becomes channels of devices. `docs/sources.md` describes it.
public struct SourcesDocument: Sendable, Equatable {
    public static let currentFormat = 1
    public static let maximumSources = 1000
    public static let maximumChannels = 256

    public var sources: [SensorSource]

    /// MQTT filters that cover every source, each once.
    public var subscriptions: [String] {
        var seen: Set<String> = []
        return sources.map(\.topic.subscription).filter { seen.insert($0).inserted }
    }

    /// Filters of those sources whose devices belong to the site of whoever reads them, so that two edges of different
    /// sites would both take them.
    public var siteFreeFilters: [String] {
        var seen: Set<String> = []
        return sources.filter { $0.site == nil }.map(\.topic.subscription)
            .filter { seen.insert($0).inserted }
    }

    /// Seconds that a channel of a source may be silent with nothing wrong; nothing where the source does not have it.
    public func patience(of channel: String, source: String) -> Double? {
        let timings = sources.first { $0.name == source }?.channels.filter { $0.name == channel }.map(\.timing) ?? []
        return timings.map { timing in
            switch timing {
            case .periodic(let rate): 3 / rate
            case .onChange(let longestSilence): longestSilence
            }
        }.max()
    }

    /// Both documents' sources.
    ///
    /// - Throws: ``SourceError`` `.file` where a name or a topic stands in both.
    public func merging(_ other: SourcesDocument) throws(SourceError) -> SourcesDocument {
        var merged = self
        for source in other.sources { try merged.append(source) }
        return merged
    }

    mutating func append(_ source: SensorSource) throws(SourceError) {
        if sources.contains(where: { $0.name == source.name }) {
            throw SourceError(.file, "two sources are called \(source.name); give one another name")
        }
        if let same = sources.first(where: { $0.topic.isSame(as: source.topic) }) {
            throw SourceError(
                .file, "\(source.name) and \(same.name) take the same topics; put their channels together")
        }
        guard sources.count < Self.maximumSources else {
            throw SourceError(.file, "more than \(Self.maximumSources) sources")
        }
        sources.append(source)
    }

    /// Units that cannot become a task's, one message a channel; empty where all can.
    ///
    /// - Parameter units: the task's unit of each channel by name; channels that no task uses are passed over.
    public func unitFaults(against units: [String: String]) -> [SourceError] {
        var faults: [SourceError] = []
        for source in sources {
            for channel in source.channels {
                guard let unit = channel.unit, let wanted = units[channel.name] else { continue }
                do throws(SourceError) {
                    _ = try UnitConversion(from: unit, to: wanted)
                } catch {
                    faults.append(SourceError(.unit, "\(source.name), channel \(channel.name): \(error)"))
                }
            }
        }
        return faults
    }
}
