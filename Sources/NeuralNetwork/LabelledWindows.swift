/// Windows with their classes, in raw units.
public struct LabelledWindows: Sendable, Equatable {
    /// Samples in a window.
    public let samples: Int
    public let channels: Int
    /// (windows × samples × channels), row-major.
    public private(set) var values: [Float]
    /// Class of each window; ``unlabelled`` where none is known: such windows only pass on what the teacher thinks.
    public private(set) var labels: [Int]
    /// Who or what each window comes from (a person, a machine): validation keeps whole groups out of training.
    public private(set) var groups: [Int]

    public static let unlabelled = -1

    public var count: Int { labels.count }

    /// - Throws: `NetworkError` if the counts do not fit together or a value is not finite.
    public init(samples: Int, channels: Int, values: [Float], labels: [Int], groups: [Int]) throws(NetworkError) {
        guard samples > 0, channels > 0, values.count == labels.count * samples * channels,
            groups.count == labels.count
        else {
            throw NetworkError(
                .badData,
                "\(values.count) values, \(labels.count) labels and \(groups.count) groups do not make windows of "
                    + "\(samples) × \(channels)")
        }
        guard values.allSatisfy(\.isFinite) else {
            throw NetworkError(.notFinite, "windows have values that are not finite")
        }
        guard labels.allSatisfy({ $0 >= Self.unlabelled }) else {
            throw NetworkError(.badData, "a label is negative")
        }
        self.samples = samples
        self.channels = channels
        self.values = values
        self.labels = labels
        self.groups = groups
    }

    private init(samples: Int, channels: Int) {
        self.samples = samples
        self.channels = channels
        values = []
        labels = []
        groups = []
    }

    /// Values of one window.
    public var windowSize: Int { samples * channels }

    /// The windows at `indices`, in that order.
    public func selecting(_ indices: [Int]) -> LabelledWindows {
        var result = LabelledWindows(samples: samples, channels: channels)
        result.values.reserveCapacity(indices.count * windowSize)
        for index in indices {
            result.values += values[index * windowSize..<(index + 1) * windowSize]
            result.labels.append(labels[index])
            result.groups.append(groups[index])
        }
        return result
    }

    /// Indices for training and for validation.
    ///
    /// Validation takes whole groups, about `share` of them (at least one): those that come first by a hash of their
    /// number, so that nearly the same stay out when groups join. Where there are fewer than four groups it takes the
    /// last windows of each class in each group instead.
    public func split(validation share: Double) -> (training: [Int], validation: [Int]) {
        guard share > 0, count > 1 else { return (Array(0..<count), []) }
        let names = Set(groups).sorted()
        var heldOut = Set<Int>()
        if names.count >= 4 {
            let hashed = names.map { name in
                var random = RandomSource(seed: 0x5B1, name)
                return (hash: random.next(), name: name)
            }
            let held = hashed.sorted { $0 < $1 }.prefix(max(1, Int((Double(names.count) * share).rounded())))
            let kept = Set(held.map(\.name))
            heldOut = Set((0..<count).filter { kept.contains(groups[$0]) })
        } else {
            for members in Dictionary(grouping: 0..<count, by: { [groups[$0], labels[$0]] }).values {
                heldOut.formUnion(members.suffix(Int(Double(members.count) * share)))
            }
        }
        return ((0..<count).filter { !heldOut.contains($0) }, (0..<count).filter { heldOut.contains($0) })
    }
}
