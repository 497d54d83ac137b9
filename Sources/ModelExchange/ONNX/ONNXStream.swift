import ModelArtifact

/// The tensor that a reader of a graph has come to, and what its axes stand for.
struct ONNXStream {
    /// An axis behind that of the batch.
    enum Axis: Equatable {
        case channels, samples
        /// Of extent 1.
        case one
        /// Samples and channels in one, the latter outside where `channelsFirst`.
        case flat(channelsFirst: Bool)
    }

    var tensor: String
    var axes: [Axis]
    var extent: NetworkSpec.Extent

    /// Extents of ``axes``.
    var shape: [Int] {
        axes.map { axis in
            switch axis {
            case .channels: extent.channels
            case .samples: extent.samples
            case .one: 1
            case .flat: extent.count
            }
        }
    }

    /// Whether channels stand before samples, where that makes a difference.
    var isChannelsFirst: Bool {
        let channels = axes.firstIndex(of: .channels) ?? 0
        return (axes.firstIndex(of: .samples) ?? 0) >= channels
    }

    /// Whether each channel has an axis to itself, or stands alone.
    var hasChannelAxis: Bool { axes.contains(.channels) }

    /// Makes one axis of all.
    mutating func flatten() {
        if case .flat = axes.first { return }
        axes = extent.samples == 1 ? [.channels] : [.flat(channelsFirst: isChannelsFirst)]
    }

    /// Lays axes out anew as extents behind the batch.
    ///
    /// - Returns: false where values would change their order.
    mutating func reshape(_ target: [Int]) -> Bool {
        guard target.reduce(1, *) == extent.count else { return false }
        if target.count == 1 {
            flatten()
            return true
        }
        var rest = zip(axes, shape).filter { $0.1 != 1 }.map(\.0)[...]
        let sizes = zip(axes, shape).filter { $0.1 != 1 }.map(\.1)
        guard target.filter({ $0 != 1 }) == sizes else { return false }
        axes = target.map { $0 == 1 ? .one : rest.removeFirst() }
        // A single channel or sample is an axis of extent 1 as good as any.
        if !axes.contains(.channels), extent.channels == 1 { axes[axes.firstIndex(of: .one) ?? 0] = .channels }
        return true
    }
}
