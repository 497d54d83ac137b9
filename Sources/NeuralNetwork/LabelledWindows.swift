/// Windows with what is known of each, in raw units.
public struct LabelledWindows: Sendable, Equatable {
    /// Samples in a window.
    public let samples: Int
    public let channels: Int
    /// (windows × samples × channels), row-major.
    public private(set) var values: [Float]
    /// Targets of a window: one, or one for each head of a network with several.
    public let heads: Int
    /// (windows × heads): the number of a class, or a value to be predicted; NaN where it is not known. Windows without
    /// a target only pass on what the teacher thinks.
    public private(set) var targets: [Float]
    /// Who or what each window comes from (a person, a machine): validation keeps whole groups out of training.
    public private(set) var groups: [Int]

    /// Class of a window of which none is known.
    public static let unlabelled = -1

    public var count: Int { groups.count }

    /// Windows of one class each; ``unlabelled`` where none is known.
    ///
    /// - Throws: `NetworkError` if the counts do not fit together, a value is not finite or a label is negative.
    public init(samples: Int, channels: Int, values: [Float], labels: [Int], groups: [Int]) throws(NetworkError) {
        guard labels.allSatisfy({ $0 >= Self.unlabelled }) else {
            throw NetworkError(.badData, "a label is negative")
        }
        try self.init(
            samples: samples, channels: channels, values: values,
            targets: labels.map { $0 == Self.unlabelled ? .nan : Float($0) }, groups: groups)
    }

    /// - Parameter targets: (windows × heads), as in ``targets``.
    /// - Throws: `NetworkError` if the counts do not fit together or a value is not finite.
    public init(
        samples: Int, channels: Int, values: [Float], targets: [Float], heads: Int = 1, groups: [Int]
    ) throws(NetworkError) {
        guard samples > 0, channels > 0, heads > 0, values.count == groups.count * samples * channels,
            targets.count == groups.count * heads
        else {
            throw NetworkError(
                .badData,
                "\(values.count) values, \(targets.count) targets of \(heads) heads and \(groups.count) groups do not "
                    + "make windows of \(samples) × \(channels)")
        }
        guard values.allSatisfy(\.isFinite) else {
            throw NetworkError(.notFinite, "windows have values that are not finite")
        }
        guard !targets.contains(where: \.isInfinite) else {
            throw NetworkError(.notFinite, "a target is infinite")
        }
        self.samples = samples
        self.channels = channels
        self.values = values
        self.heads = heads
        self.targets = targets
        self.groups = groups
    }

    /// Values of one window.
    public var windowSize: Int { samples * channels }

    /// What is known of a window; NaN for nothing.
    public func target(_ window: Int, head: Int = 0) -> Float { targets[window * heads + head] }

    /// Class of a window, ``unlabelled`` where none is known.
    public func label(_ window: Int, head: Int = 0) -> Int {
        let target = target(window, head: head)
        return target.isNaN ? Self.unlabelled : Int(target)
    }

    /// Whether a target of the window is known.
    public func isLabelled(_ window: Int) -> Bool {
        (0..<heads).contains { !target(window, head: $0).isNaN }
    }

    /// Class of each window by the first head.
    public var labels: [Int] { (0..<count).map { label($0) } }

    /// The same windows with other targets.
    ///
    /// - Parameter targets: (windows × heads).
    public func withTargets(_ targets: [Float], heads: Int = 1) throws(NetworkError) -> LabelledWindows {
        try LabelledWindows(
            samples: samples, channels: channels, values: values, targets: targets, heads: heads, groups: groups)
    }

    /// The windows at `indices`, in that order.
    public func selecting(_ indices: [Int]) -> LabelledWindows {
        var result = self
        result.values = []
        result.values.reserveCapacity(indices.count * windowSize)
        result.targets = []
        result.groups = []
        for index in indices {
            result.values += values[index * windowSize..<(index + 1) * windowSize]
            result.targets += targets[index * heads..<(index + 1) * heads]
            result.groups.append(groups[index])
        }
        return result
    }

    public static func == (a: LabelledWindows, b: LabelledWindows) -> Bool {
        func same(_ x: Float, _ y: Float) -> Bool { x == y || (x.isNaN && y.isNaN) }
        return a.samples == b.samples && a.channels == b.channels && a.heads == b.heads && a.groups == b.groups
            && a.values == b.values && zip(a.targets, b.targets).allSatisfy(same)
    }

    /// Indices for training and for validation.
    ///
    /// Validation takes whole groups, about `share` of them (at least one): those that come first by a hash of their
    /// number, so that nearly the same stay out when groups join. Where there are fewer than four groups it takes the
    /// last windows of each target in each group instead.
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
            for members in Dictionary(grouping: 0..<count, by: { [groups[$0], label($0)] }).values {
                heldOut.formUnion(members.suffix(Int(Double(members.count) * share)))
            }
        }
        return ((0..<count).filter { !heldOut.contains($0) }, (0..<count).filter { heldOut.contains($0) })
    }
}
