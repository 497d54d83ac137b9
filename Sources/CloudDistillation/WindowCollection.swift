import ModelArtifact
import ServiceRuntime
import Telemetry

/// Tasks, labels and training sets, kept in the database as they change.
actor WindowCollection {
    /// Labels of one device at most; the oldest go first.
    static let labelsPerDevice = 20_000
    /// Devices whose labels are kept at most.
    static let labelledDevices = 10_000
    /// Tasks at most.
    static let taskLimit = 1000

    let database: DistillerDatabase
    private let limits: TrainingSetLimits
    let board: StatusBoard
    private let now: @Sendable () -> Double
    private(set) var tasks: [String: TaskDocument] = [:]
    private var timelines: [DeviceID: LabelTimeline] = [:]
    var sets: [String: TrainingSet] = [:]
    /// Windows and answers read from the database whose task has not come yet.
    private var kept: [String: [TrainingSet.Entry]] = [:]
    private var keptAnswers: [String: [ContentKey: WindowAnswer]] = [:]
    private var signatures: [String: TaskSignature] = [:]

    init(
        database: DistillerDatabase, limits: TrainingSetLimits, board: StatusBoard,
        now: @escaping @Sendable () -> Double
    ) {
        self.database = database
        self.limits = limits
        self.board = board
        self.now = now
    }

    /// Reads back what was kept; a model's windows wait for its task, which is retained on the bus.
    func restore() async throws {
        let collection = try await database.collection()
        kept = collection.windows
        keptAnswers = collection.answers
        signatures = collection.signatures
        for (device, labels) in collection.labels {
            var timeline = LabelTimeline()
            for label in labels { timeline.insert(label) }
            timelines[device] = timeline
        }
    }

    // MARK: Tasks

    func task(_ model: String) -> TaskDocument? { tasks[model] }
    var models: [String] { tasks.keys.sorted() }

    func take(task: TaskDocument) async throws {
        guard tasks[task.name] != task else { return }
        guard tasks[task.name] != nil || tasks.count < Self.taskLimit else {
            throw Rejection(code: "tasks", reason: "\(Self.taskLimit) tasks are known already")
        }
        tasks[task.name] = task
        var changes: [TrainingSet.Change] = []
        if sets[task.name] == nil {
            sets[task.name] = restoredSet(task, &changes)
        } else {
            let before = sets[task.name]?.windowCount ?? 0
            _ = sets[task.name]?.revise(task, labels: timelines, changes: &changes)
            board.count("windowsRevised", by: before - (sets[task.name]?.windowCount ?? 0))
        }
        var rows = changes.compactMap { Self.row(task.name, $0, content: nil) }
        if signatures[task.name] != task.signature {
            signatures[task.name] = task.signature
            rows.append(.signature(model: task.name, task.signature))
        }
        show(task.name)
        try await database.append(rows)
    }

    /// The set of the windows kept before the restart, without those that the task no longer trains from.
    private func restoredSet(_ task: TaskDocument, _ changes: inout [TrainingSet.Change]) -> TrainingSet {
        var set = TrainingSet(task: task, limits: limits)
        let entries = kept.removeValue(forKey: task.name) ?? []
        let isSameShape = signatures[task.name]?.shape == task.signature.shape
        var unwanted = Set<ContentKey>()
        for entry in entries {
            let device = entry.key.device
            if isSameShape, task.covers(site: device.site, device: device.device),
                !task.isEvaluation(site: device.site, device: device.device)
            {
                // What is inserted is stored already.
                var stored: [TrainingSet.Change] = []
                _ = set.insert(entry, labels: timelines[device], changes: &stored)
                changes += stored.filter { if case .deleteWindow = $0 { true } else { false } }
            } else {
                changes.append(.deleteWindow(entry.key))
                unwanted.insert(entry.content)
            }
        }
        changes += unwanted.filter { set.contents[$0] == nil }.map(TrainingSet.Change.deleteContent)
        guard let answers = keptAnswers.removeValue(forKey: task.name) else { return set }
        if signatures[task.name]?.outputs == task.signature.outputs {
            for (content, answer) in answers { set.restore(answer, for: content) }
        } else {
            changes.append(.deleteAnswers)
        }
        return set
    }

    // MARK: Windows and labels

    /// Takes a window of a device in for training.
    ///
    /// - Throws: ``Rejection`` where it cannot be used, an error of the database.
    func take(window: WindowMessage, device: DeviceID, model: String) async throws {
        guard let task = tasks[model] else { throw Self.unknown(model) }
        let key = try window.checked(device: device, task: task)
        guard !task.isEvaluation(site: device.site, device: device.device) else {
            board.count("evaluationRefused")
            throw Rejection(
                code: "evaluation",
                reason: "\(device) is kept for evaluation by the task \(model): its windows never train; want a verdict"
            )
        }
        let bytes = FloatBytes.bytes(of: window.values)
        let entry = TrainingSet.Entry(
            key: key, length: task.windowSeconds, content: ContentKey(of: bytes), arrived: now())
        var changes: [TrainingSet.Change] = []
        switch sets[model]?.insert(entry, labels: timelines[device], changes: &changes) {
        case .added: board.count("windows")
        case .repeated: board.count("windowsRepeated")
        case nil: break
        }
        show(model)
        try await database.append(changes.compactMap { Self.row(model, $0, content: bytes) })
    }

    /// Takes a label in, or takes one back.
    ///
    /// - Throws: ``Rejection`` where no task of the device knows it, an error of the database.
    func take(label message: LabelMessage, device: DeviceID) async throws {
        if let target = WindowTarget(message.content) { try check(target, device) }
        guard timelines[device] != nil || timelines.count < Self.labelledDevices else {
            throw Rejection(code: "devices", reason: "\(Self.labelledDevices) devices have labels already")
        }
        var timeline = timelines.removeValue(forKey: device) ?? LabelTimeline()
        let change = timeline.apply(message)
        let stored = timeline.labels[message.id]
        var removed: [LabelTimeline.Label] = []
        while timeline.labels.count > Self.labelsPerDevice, let oldest = timeline.removeOldest() {
            removed.append(oldest)
        }
        timelines[device] = timeline
        board.count("labels")
        board.count("labelsExpired", by: removed.count)
        var ranges = removed.filter { $0.target != nil }.map { $0.from...$0.to }
        if case .affects(let changed) = change { ranges += changed }
        for model in sets.keys where tasks[model]?.covers(site: device.site, device: device.device) == true {
            for range in ranges { sets[model]?.relabel(device, within: range, labels: timeline) }
            show(model)
        }
        var rows = removed.map { DistillerDatabase.Row.deleteLabel(device, id: $0.id) }
        if let stored, timeline.labels[message.id] != nil { rows.append(.label(device, stored)) }
        try await database.append(rows)
    }

    /// A label that none of the device's tasks knows is most likely misspelt.
    private func check(_ target: WindowTarget, _ device: DeviceID) throws(Rejection) {
        let served = tasks.values.filter { $0.covers(site: device.site, device: device.device) }
        guard !served.isEmpty, !served.contains(where: target.isUsable(for:)) else { return }
        let names = served.map(\.name).sorted().joined(separator: ", ")
        throw Rejection(
            code: "class",
            reason:
                "\"\(target.countedAs.sorted().joined(separator: ", ").prefix(100))\" is no class of \(names), which "
                + "run on \(device)"
        )
    }

    static func unknown(_ model: String) -> Rejection {
        Rejection(code: "model", reason: "there is no task \"\(model)\"")
    }

    static func row(
        _ model: String, _ change: TrainingSet.Change, content: [UInt8]?
    ) -> DistillerDatabase.Row? {
        switch change {
        case .storeContent(let key): content.map { .content(model: model, key, $0) }
        case .storeWindow(let entry): .window(model: model, entry)
        case .deleteWindow(let key): .deleteWindow(model: model, key)
        case .deleteContent(let key): .deleteContent(model: model, key)
        case .storeAnswer(let key, let answer): .answer(model: model, key, answer)
        case .deleteAnswers: .deleteAnswers(model: model)
        }
    }

    private func show(_ model: String) {
        guard sets[model] != nil else { return }
        board.setCount("windowsExpired", to: sets.values.reduce(0) { $0 + $1.expired })
    }
}
