/// What edges and distillers must know before any student exists.
///
/// Times are in seconds. The document's JSON form is ``json``; `docs/formats.md` describes it.
public struct TaskDocument: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case classification, regression
        /// Several classifications of one window at once.
        case multiHead = "multi-head"
    }

    public struct Channel: Sendable, Equatable {
        public var name: String
        public var unit: String
        public init(name: String, unit: String) {
            self.name = name
            self.unit = unit
        }
    }

    public struct Class: Sendable, Equatable {
        public var name: String
        public var superclass: String?
        public init(name: String, superclass: String? = nil) {
            self.name = name
            self.superclass = superclass
        }
    }

    /// One classification among several of the same window.
    public struct Head: Sendable, Equatable {
        public var name: String
        public var classes: [Class]
        public init(name: String, classes: [Class]) {
            self.name = name
            self.classes = classes
        }
    }

    /// What an edge does when a channel is missing or not a number.
    public enum MissingChannelPolicy: String, Sendable, CaseIterable {
        case refuse, hold, mean
        /// The channel's mean stands in, and training leaves channels out so that the student expects it.
        case dropout
    }

    /// Limits of the student on its device.
    public struct StudentLimits: Sendable, Equatable {
        public var profile: String
        /// Parameters at most.
        public var parameters: Int
        /// Bytes of the student file at most.
        public var bytes: Int
        public init(profile: String, parameters: Int, bytes: Int) {
            self.profile = profile
            self.parameters = parameters
            self.bytes = bytes
        }
    }

    public static let currentFormat = 1

    /// Also the model's name: `[a-z0-9._-]+`.
    public var name: String
    public var kind: Kind
    public var channels: [Channel]
    /// Samples per second.
    public var rate: Double
    /// Samples in a window.
    public var window: Int
    /// Samples between the starts of consecutive windows.
    public var step: Int
    /// Classification only.
    public var classes: [Class]
    /// Regression only: the name and unit of what is predicted.
    public var target: Channel?
    /// Several heads only, at least two: their outputs follow one another in this order.
    public var heads: [Head]
    public var missingChannel: MissingChannelPolicy
    /// Groups of three channels that are one vector in space (accelerometer, gyroscope): training may rotate them.
    public var axes: [[String]]
    /// `site/device` patterns, `*` for any run of characters, of the devices the task runs on.
    public var devices: [String]
    /// Patterns of devices kept for evaluation: their windows are answered with a verdict, and never enter training.
    public var evaluationDevices: [String]
    public var student: StudentLimits

    public init(
        name: String, kind: Kind = .classification, channels: [Channel], rate: Double, window: Int, step: Int,
        classes: [Class] = [], target: Channel? = nil, heads: [Head] = [],
        missingChannel: MissingChannelPolicy = .refuse, axes: [[String]] = [], devices: [String] = ["*/*"],
        evaluationDevices: [String] = [],
        student: StudentLimits = StudentLimits(profile: "x86-gateway", parameters: 4000, bytes: 16_384)
    ) {
        self.name = name
        self.kind = kind
        self.channels = channels
        self.rate = rate
        self.window = window
        self.step = step
        self.classes = classes
        self.target = target
        self.heads = heads
        self.missingChannel = missingChannel
        self.axes = axes
        self.devices = devices
        self.evaluationDevices = evaluationDevices
        self.student = student
    }

    /// Seconds between samples.
    public var interval: Double { 1 / rate }
    /// Length of a window in seconds.
    public var windowSeconds: Double { Double(window) / rate }
    /// Outputs of a network for the task.
    public var outputs: Int {
        switch kind {
        case .classification: classes.count
        case .regression: 1
        case .multiHead: heads.reduce(0) { $0 + $1.classes.count }
        }
    }

    /// Channel indices of each group of ``axes``.
    public var axisIndices: [[Int]] {
        axes.map { group in group.compactMap { name in channels.firstIndex { $0.name == name } } }
            .filter { $0.count == 3 }
    }

    public func classIndex(_ label: String) -> Int? { classes.firstIndex { $0.name == label } }

    /// Whether the task runs on a device.
    public func covers(site: String, device: String) -> Bool { Self.covers(devices, site: site, device: device) }

    /// Whether one of some `site/device` patterns names a device.
    public static func covers(_ patterns: [String], site: String, device: String) -> Bool {
        patterns.contains { matches($0, "\(site)/\(device)") }
    }

    /// Whether a device is kept for evaluation alone.
    public func isEvaluation(site: String, device: String) -> Bool {
        evaluationDevices.contains { Self.matches($0, "\(site)/\(device)") }
    }

    /// Whether a text fits a pattern, in which `*` stands for any run of characters.
    package static func matches(_ pattern: String, _ text: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return pattern == text }
        guard text.hasPrefix(first), text.hasSuffix(last), text.count >= first.count + last.count else { return false }
        var rest = text.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
