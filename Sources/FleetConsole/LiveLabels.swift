public import ModelArtifact
public import Telemetry

/// Labels as a person says them with keys while a device sends: a synchronous machine that returns what to publish.
///
/// A key starts its class and ends the one before it (of the same head, where there are several); the same key again or a
/// space ends it; `u` takes the last label back. A label that goes on is said again as it grows, so that little is lost
/// with the terminal and its windows are trained on while it lasts.
public struct LiveLabels: Sendable {
    /// What a key stands for.
    public struct Choice: Sendable, Equatable {
        public let key: Character
        /// Empty where the task has no heads.
        public let head: String
        public let label: String

        /// The class as people read it.
        public var name: String { head.isEmpty ? label : "\(head)=\(label)" }

        var content: LabelMessage.Content { head.isEmpty ? .label(label) : .heads([head: label]) }
    }

    /// A label said, with what it covers.
    public struct Said: Sendable, Equatable {
        public let choice: Choice
        public let id: String
        public let from: Double
        public var to: Double
        var isPublished = false
    }

    private struct Window: Hashable {
        var from: Double
        var to: Double
    }

    public let choices: [Choice]
    /// Labels that ended, in the order in which they began.
    public private(set) var said: [Said] = []
    /// By head.
    private var running: [String: Said] = [:]
    private let device: DeviceID
    /// Windows that edges cut of the device; true for those that were handed to the distiller.
    private var windows: [Window: Bool] = [:]
    private var lastGrowth = 0.0

    /// Seconds between two words on a label that goes on.
    static let growth = 5.0
    /// A label must last so long to be one, in seconds.
    static let shortest = 0.2
    /// Windows remembered at most.
    static let windowLimit = 50_000

    /// - Throws: ``FleetConsoleError`` `.invalidOption` where the task has no classes, or more than keys.
    public init(device: DeviceID, task: TaskDocument) throws(FleetConsoleError) {
        let classes: [(head: String, label: String)] =
            switch task.kind {
            case .classification: task.classes.map { ("", $0.name) }
            case .multiHead: task.heads.flatMap { head in head.classes.map { (head.name, $0.name) } }
            case .regression: []
            }
        guard !classes.isEmpty else {
            throw FleetConsoleError(
                .invalidOption, "\(task.name) predicts a value, which no key can say: give it with --value")
        }
        let keys = Array("123456789abcdefghijklmnoprstvwxyz")
        guard classes.count <= keys.count else {
            throw FleetConsoleError(
                .invalidOption,
                "\(task.name) has \(classes.count) classes, and there are \(keys.count) keys: label by interval")
        }
        choices = zip(keys, classes).map { Choice(key: $0, head: $1.head, label: $1.label) }
        self.device = device
    }

    /// Labels that go on, by head.
    public var current: [Said] { running.sorted { $0.key < $1.key }.map(\.value) }

    // MARK: Keys

    /// What a key makes of it; nothing for a key without a meaning.
    ///
    /// - Parameter now: Unix seconds.
    public mutating func press(_ key: Character, now: Double) -> [LabelMessage] {
        switch key {
        case " ": return stop(now: now)
        case "u": return undo(now: now)
        default:
            guard let choice = choices.first(where: { $0.key == key }) else { return [] }
            let before = running.removeValue(forKey: choice.head)
            let messages = before.map { end($0, now: now) } ?? []
            if before?.choice != choice {
                let id = "\(device.device)-\(choice.key)-\(Int((now * 1000).rounded()))"
                running[choice.head] = Said(choice: choice, id: id, from: now, to: now)
                lastGrowth = now
            }
            return messages
        }
    }

    /// Ends every label that goes on.
    public mutating func stop(now: Double) -> [LabelMessage] {
        let ending = current
        running = [:]
        return ending.flatMap { end($0, now: now) }
    }

    /// Says again, after some seconds, what goes on.
    public mutating func tick(now: Double) -> [LabelMessage] {
        guard now - lastGrowth >= Self.growth else { return [] }
        lastGrowth = now
        var messages: [LabelMessage] = []
        for (head, label) in running.sorted(by: { $0.key < $1.key }) {
            running[head]?.to = now
            running[head]?.isPublished = true
            messages.append(message(label, to: now, now: now))
        }
        return messages
    }

    private mutating func end(_ label: Said, now: Double) -> [LabelMessage] {
        guard now - label.from >= Self.shortest || label.isPublished else { return [] }
        var ended = label
        ended.to = now
        ended.isPublished = true
        let place = said.firstIndex { $0.from > ended.from } ?? said.count
        said.insert(ended, at: place)
        return [message(ended, to: now, now: now)]
    }

    private mutating func undo(now: Double) -> [LabelMessage] {
        let last: Said
        if let (head, label) = running.max(by: { $0.value.from < $1.value.from }) {
            running[head] = nil
            guard label.isPublished else { return [] }
            last = label
        } else {
            guard let label = said.popLast() else { return [] }
            last = label
        }
        return [
            LabelMessage(t: now, id: last.id, from: last.from, to: max(last.to, last.from + 0.001), content: .withdrawn)
        ]
    }

    private func message(_ label: Said, to end: Double, now: Double) -> LabelMessage {
        LabelMessage(t: now, id: label.id, from: label.from, to: end, content: label.choice.content)
    }

    // MARK: Windows

    /// Takes note of a window of the device.
    ///
    /// - Parameter isTraining: it was handed to the distiller to learn from.
    public mutating func saw(from: Double, to: Double, isTraining: Bool) {
        let window = Window(from: from, to: to)
        windows[window] = isTraining || windows[window] == true
        guard windows.count > Self.windowLimit else { return }
        let oldest = windows.keys.map(\.to).sorted()[Self.windowLimit / 8]
        windows = windows.filter { $0.key.to > oldest }
    }

    /// Windows that a label covers, and how many of them the distiller has to learn from.
    public func windows(of label: Said) -> (covered: Int, training: Int) {
        windows.reduce(into: (0, 0)) { counts, entry in
            guard label.from <= entry.key.from + 1e-6, entry.key.to <= label.to + 1e-6 else { return }
            counts.0 += 1
            if entry.value { counts.1 += 1 }
        }
    }

    /// A row for each class: labels, seconds, windows covered, windows to train on.
    public var table: TextTable {
        var table = TextTable([
            ("KEY", .left), ("CLASS", .left), ("LABELS", .right), ("SECONDS", .right), ("WINDOWS", .right),
            ("TO TRAIN ON", .right),
        ])
        for choice in choices {
            let own = (said + current).filter { $0.choice == choice }
            let counts = own.map(windows(of:))
            let seconds = own.reduce(0) { $0 + $1.to - $1.from }
            table.append([
                String(choice.key), choice.name, "\(own.count)", Quantity.number((seconds * 10).rounded() / 10),
                "\(counts.reduce(0) { $0 + $1.covered })", "\(counts.reduce(0) { $0 + $1.training })",
            ])
        }
        return table
    }
}
