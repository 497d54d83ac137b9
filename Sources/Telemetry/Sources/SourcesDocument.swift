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
