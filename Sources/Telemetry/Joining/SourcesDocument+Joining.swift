extension SourcesDocument {
    /// A joiner for a device of a source, with the timing that the file gives each of a task's channels.
    ///
    /// A channel may come from another source than the device's first message did (a topic for each sensor): the named
    /// source counts first, then the others in the file's order. One that no source has is always missing.
    ///
    /// - Parameters:
    ///   - source: the name of the source that the device was first heard through.
    ///   - channels: the task's, with its units.
    ///   - rate: the task's, in samples per second.
    public func joiner(
        source: String, channels: [(name: String, unit: String)], rate: Double,
        tolerance: ChannelJoiner.Tolerance = ChannelJoiner.Tolerance()
    ) -> ChannelJoiner {
        let ordered = sources.filter { $0.name == source } + sources.filter { $0.name != source }
        let candidates = ordered.flatMap(\.channels)
        let joined = channels.map { channel in
            let timing = candidates.first { $0.name == channel.name }?.timing ?? .periodic(rate: rate)
            return ChannelJoiner.Channel(name: channel.name, unit: channel.unit, timing: timing)
        }
        return ChannelJoiner(channels: joined, rate: rate, tolerance: tolerance)
    }
}
