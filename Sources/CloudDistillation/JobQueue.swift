import ModelArtifact
import Telemetry

/// Which job is done when, and what is said of it: a synchronous machine that returns what to do.
///
/// One job trains at a time; a job whose student awaits the registry's answer does not hold up the next.
struct JobQueue: Sendable {
    struct Options: Sendable, Equatable {
        /// Of automatic jobs.
        var seed = 1
        /// Whether the first job of a model starts by itself.
        var isAutomatic = true
        /// Samples of each class that an automatic job waits for.
        var windowsPerClass = 40
        /// Samples that make a class count for a requested job.
        var minimumPerClass = 8
        /// Jobs that wait at most.
        var waiting = 16
        /// Attempts of a model's automatic job.
        var automaticAttempts = 5
        /// Finished jobs that are remembered, so that their repeated requests are answered.
        var history = 1000
    }

    enum Action: Sendable, Equatable {
        /// Publish this.
        case say(JobProgress)
        /// Keep this.
        case record(Job)
        case forget(id: String)
        case start(JobRequest)
        /// A request that is not answered with progress.
        case reject(code: String, reason: String)
    }

    /// Seconds between two messages of one phase.
    static let quietSeconds = 0.5

    let instance: String
    let options: Options
    private(set) var jobs: [String: Job] = [:]
    /// Ids in the order they came.
    private(set) var order: [String] = []
    private var live: Set<String>
    private var phaseStarted = 0.0
    private var lastSaid = 0.0
    /// Jobs that were under way when an earlier process ended: they come first.
    private var interrupted: Set<String> = []
    /// Jobs read back that wait for their task, without which their windows are unknown.
    private var held: Set<String> = []
    /// Samples when a model's automatic job failed.
    private var samplesAtFailure: [String: Int] = [:]

    init(instance: String, options: Options) {
        self.instance = instance
        self.options = options
        live = [instance]
    }

    var running: Job? { order.lazy.compactMap { jobs[$0] }.first { $0.state == .running } }
    /// The model's job that came last.
    func current(of model: String) -> Job? {
        order.reversed().lazy.compactMap { jobs[$0] }.first { $0.request.model == model }
    }
    var waitingCount: Int { jobs.values.count { $0.state == .waiting } }
    /// Whether requests that name no distiller are ours.
    var takesUnnamed: Bool { live.min() == instance }

    /// What another distiller's presence says.
    mutating func heard(_ instance: String, isOnline: Bool) {
        guard instance != self.instance else { return }
        if isOnline { live.insert(instance) } else { live.remove(instance) }
    }

    // MARK: Requests

    mutating func request(_ request: JobRequest, readiness: ModelReadiness?, now: Double) -> [Action] {
        if let job = jobs[request.id] {
            guard job.isSameRequest(request) else {
                return [
                    .reject(
                        code: "job", reason: "the id \(request.id) names another job already; choose a new one")
                ]
            }
            return [.say(job.progress)]
        }
        guard request.distiller.map({ $0 == instance }) ?? takesUnnamed else { return [] }
        guard let readiness else {
            return fail(
                request, "there is no task \"\(request.model)\"; propose it on model/{model}/task/proposal", now)
        }
        if let obstacle = readiness.obstacle(
            base: request.base, teacher: request.teacher, minimumPerClass: options.minimumPerClass)
        {
            return fail(request, obstacle, now)
        }
        guard waitingCount < options.waiting else {
            return fail(request, "\(options.waiting) jobs wait already; ask again when one has ended", now)
        }
        return add(request, isAutomatic: false, now: now)
    }

    /// Starts the first job of each model that has enough windows.
    mutating func considerAutomatic(_ models: [ModelReadiness], now: Double) -> [Action] {
        guard options.isAutomatic, takesUnnamed else { return [] }
        var actions: [Action] = []
        for model in models.sorted(by: { $0.task.name < $1.task.name }) {
            let name = model.task.name
            let own = jobs.values.filter { $0.request.model == name }
            let attempts = own.filter(\.isAutomatic)
            let isServed = own.contains { !$0.state.isFinished || $0.state == .done } || !model.knownVersions.isEmpty
            guard !isServed, attempts.count < options.automaticAttempts,
                model.isReadyForAutomatic(windowsPerClass: options.windowsPerClass)
            else { continue }
            // After a failure only more windows promise anything else.
            if let then = samplesAtFailure[name], model.sampleCount * 5 < then * 6 { continue }
            let request = JobRequest(t: now, id: automaticID(name, attempts.count + 1), model: name, seed: options.seed)
            actions += add(request, isAutomatic: true, now: now)
        }
        return actions
    }

    /// A slug that names no job yet.
    private func automaticID(_ model: String, _ attempt: Int) -> String {
        let id = "auto-\(model.prefix(100))-\(attempt)"
        return jobs[id] == nil ? id : automaticID(model, attempt + 1)
    }

    private mutating func add(_ request: JobRequest, isAutomatic: Bool, now: Double) -> [Action] {
        let progress = progress(request, .accepted, now)
        let job = Job(request: request, isAutomatic: isAutomatic, state: .waiting, progress: progress)
        remember(job)
        return [.say(progress), .record(job)] + trim() + startNext(now: now)
    }

    private func fail(_ request: JobRequest, _ reason: String, _ now: Double) -> [Action] {
        var progress = progress(request, .failed, now)
        progress.reason = reason
        // Not remembered: the same request may succeed once what it lacks is there.
        return [.say(progress)]
    }

    private mutating func startNext(now: Double) -> [Action] {
        let waiting = order.filter { jobs[$0]?.state == .waiting && !held.contains($0) }
        guard running == nil, let id = waiting.first(where: interrupted.contains) ?? waiting.first, var job = jobs[id]
        else { return [] }
        interrupted.remove(id)
        job.state = .running
        jobs[id] = job
        phaseStarted = now
        return [.record(job), .start(job.request)] + advance(id, to: .preparing, fraction: 0, now: now)
    }

    // MARK: What the worker says

    /// Takes a report from the training threads; said at a change of phase and at most twice a second else.
    mutating func advance(
        _ id: String, to phase: JobProgress.Phase, fraction: Double, loss: Double? = nil, secondsLeft: Double? = nil,
        resumedFrom: Int? = nil, now: Double
    ) -> [Action] {
        guard var job = jobs[id], job.state == .running else { return [] }
        let isNewPhase = job.progress.phase != phase
        if isNewPhase { endPhase(&job, now: now) }
        job.progress.t = now
        job.progress.phase = phase
        job.progress.fraction = min(max(fraction, 0), 1)
        job.progress.loss = loss.flatMap { $0.isFinite ? $0 : nil }
        job.progress.secondsLeft = secondsLeft.flatMap { $0.isFinite ? $0 : nil }
        job.progress.resumedFrom = resumedFrom
        jobs[id] = job
        guard isNewPhase || now - lastSaid >= Self.quietSeconds else { return [] }
        lastSaid = now
        return [.say(job.progress)]
    }

    /// The student is there and is offered to the registry.
    mutating func trained(_ id: String, candidate: String, now: Double) -> [Action] {
        guard var job = jobs[id], job.state == .running else { return [] }
        endPhase(&job, now: now)
        job.state = .offering
        job.progress.t = now
        job.progress.phase = .offering
        job.progress.fraction = 0
        job.progress.loss = nil
        job.progress.secondsLeft = nil
        job.progress.resumedFrom = nil
        job.progress.candidate = candidate
        jobs[id] = job
        return [.say(job.progress), .record(job)] + startNext(now: now)
    }

    mutating func failed(_ id: String, reason: String, samples: Int? = nil, now: Double) -> [Action] {
        guard var job = jobs[id], !job.state.isFinished else { return [] }
        if job.isAutomatic { samplesAtFailure[job.request.model] = samples }
        if job.state == .running { endPhase(&job, now: now) }
        job.state = .failed
        job.progress.t = now
        job.progress.phase = .failed
        job.progress.secondsLeft = nil
        job.progress.resumedFrom = nil
        job.progress.reason = reason
        jobs[id] = job
        return [.say(job.progress), .record(job)] + startNext(now: now)
    }

    /// The registry's answer to a candidate of ours.
    mutating func answered(_ id: String, _ result: CandidateResult, now: Double) -> [Action] {
        guard var job = jobs[id], job.state == .offering else { return [] }
        guard result.state == .accepted else {
            return failed(
                id, reason: "the registry refused the student: \(result.reason ?? "no reason given")", now: now)
        }
        job.state = .done
        job.progress.t = now
        job.progress.phase = .done
        job.progress.fraction = 1
        job.progress.reason = result.version.map { "version \($0)" }
        jobs[id] = job
        return [.say(job.progress), .record(job)]
    }

    // MARK: Restart

    /// Takes in the jobs that were kept. One that was under way goes on before all others; those that waited wait again.
    ///
    /// - Parameter prepared: jobs whose samples are kept, which so can start without their task.
    mutating func restore(_ kept: [Job], prepared: Set<String>, now: Double) -> [Action] {
        var actions: [Action] = []
        for var job in kept.sorted(by: { ($0.request.t, $0.id) < ($1.request.t, $1.id) }) {
            if job.state == .running {
                interrupted.insert(job.id)
                job.state = .waiting
            }
            if job.state == .waiting {
                if !prepared.contains(job.id) { held.insert(job.id) }
                job.progress = progress(job.request, .accepted, now)
                actions += [.say(job.progress), .record(job)]
            }
            remember(job)
        }
        return actions + startNext(now: now)
    }

    /// Lets the jobs of models start whose tasks are known by now.
    mutating func know(_ models: [String], now: Double) -> [Action] {
        guard !held.isEmpty else { return [] }
        held = held.filter { id in !models.contains { $0 == jobs[id]?.request.model } }
        return startNext(now: now)
    }

    // MARK: Parts

    private func progress(_ request: JobRequest, _ phase: JobProgress.Phase, _ now: Double) -> JobProgress {
        JobProgress(t: now, id: request.id, model: request.model, distiller: instance, phase: phase, fraction: 0)
    }

    private mutating func endPhase(_ job: inout Job, now: Double) {
        if job.progress.phase != .accepted {
            job.progress.seconds[job.progress.phase.rawValue, default: 0] += max(0, now - phaseStarted)
        }
        phaseStarted = now
        lastSaid = now
    }

    private mutating func remember(_ job: Job) {
        if jobs[job.id] == nil { order.append(job.id) }
        jobs[job.id] = job
    }

    private mutating func trim() -> [Action] {
        var actions: [Action] = []
        while jobs.count > options.history, let at = order.firstIndex(where: { jobs[$0]?.state.isFinished ?? true }) {
            let id = order.remove(at: at)
            jobs[id] = nil
            actions.append(.forget(id: id))
        }
        return actions
    }
}
