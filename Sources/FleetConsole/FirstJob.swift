import JSON
public import ModelArtifact
public import Telemetry

/// Follows a model from its windows to a version: a synchronous machine that says what to show and when to ask for a job.
public struct FirstJob: Sendable {
    public enum Action: Sendable, Equatable {
        case say(String)
        /// How far the job is.
        case show(JobProgress)
        case request(JobRequest)
        case done(version: String)
        case fail(String)
    }

    public let task: TaskDocument
    /// Windows of each class that a job is asked for at; nothing leaves it to what the distiller says it waits for.
    private let wanted: Int?
    private let seed: Int
    private var counts: [String: Int] = [:]
    private var distillerNeeds: Int?
    private var isHeard = false
    private var enoughSince: Double?
    private var requested: String?
    private var job: JobProgress?
    /// Jobs that had ended before.
    private var ended: Set<String> = []
    private var shown = ""
    private var lastShown = 0.0

    /// Seconds that a distiller may take to start the job by itself.
    static let patience = 3.0

    /// - Parameter windows: of each class (a regression: in all).
    public init(task: TaskDocument, windows: Int? = nil, seed: Int = 1) {
        self.task = task
        wanted = windows
        self.seed = seed
    }

    /// What windows are counted under, as the distiller's status says it.
    private var names: [String] {
        switch task.kind {
        case .classification: task.classes.map(\.name)
        case .regression: ["value"]
        case .multiHead: task.heads.flatMap { head in head.classes.map { "\(head.name)=\($0.name)" } }
        }
    }

    private var needed: Int? { wanted ?? distillerNeeds }

    // MARK: What is heard

    /// Takes a distiller's status.
    public mutating func take(_ status: StatusMessage) {
        isHeard = true
        guard let model = status.details["models"]?.object?[task.name]?.object else { return }
        if let needed = model["needed"]?.integer { distillerNeeds = Int(needed) }
        for name in names {
            counts[name] = model["classes"]?.object?[name]?.integer.map(Int.init) ?? 0
        }
    }

    /// Takes word of a job.
    ///
    /// - Parameter isRetained: it was said before this machine began.
    public mutating func take(_ progress: JobProgress, isRetained: Bool) {
        guard progress.model == task.name else { return }
        let isOver = progress.phase == .done || progress.phase == .failed
        if isRetained, isOver {
            ended.insert(progress.id)
            return
        }
        guard !ended.contains(progress.id) else { return }
        job = progress
    }

    // MARK: Time

    /// What to do now.
    public mutating func advance(now: Double) -> [Action] {
        if let job { return follow(job) }
        var actions = show(countsText, now: now, every: 2)
        guard let needed, names.allSatisfy({ counts[$0, default: 0] >= needed }) else {
            enoughSince = nil
            return actions
        }
        let since = enoughSince ?? now
        enoughSince = since
        // Where the distiller waits for as many, it starts the job by itself.
        guard requested == nil, wanted != nil || now - since >= Self.patience else { return actions }
        let id = "\(task.name.prefix(90))-\(Int(now))"
        requested = id
        actions += show(countsText, now: now, every: 0)
        actions.append(.request(JobRequest(t: now, id: id, model: task.name, seed: seed)))
        return actions
    }

    /// The job that was asked for, until somebody takes it.
    public var unanswered: Bool { requested != nil && job == nil }

    private func follow(_ job: JobProgress) -> [Action] {
        switch job.phase {
        case .done:
            return [.done(version: job.reason ?? "a new version")]
        case .failed:
            return [.fail("job \(job.id) failed: \(job.reason ?? "no reason given")")]
        default: return [.show(job)]
        }
    }

    /// Windows that are in, and how many are needed.
    public var countsText: String {
        guard isHeard else { return "no distiller is heard yet: is cloud-distiller running on this broker?" }
        let of = needed.map { "/\($0)" } ?? ""
        let parts = names.prefix(24).map { "\($0) \(counts[$0, default: 0])\(of)" }
        return "labelled windows: " + parts.joined(separator: ", ") + (names.count > 24 ? ", ..." : "")
    }

    private mutating func show(_ text: String, now: Double, every seconds: Double) -> [Action] {
        guard text != shown, now - lastShown >= seconds else { return [] }
        shown = text
        lastShown = now
        return [.say(text)]
    }
}
