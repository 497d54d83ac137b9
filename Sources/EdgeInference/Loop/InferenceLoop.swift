import BusAPI
import Inference
import JSON
import Logging
import ModelArtifact
import ServiceRuntime
import Telemetry

/// Telemetry in, decisions out.
///
/// A batch of messages is worked on in one go, so that a message costs no change of task; students are switched between
/// batches, and so between windows.
actor InferenceLoop {
    let settings: EdgeSettings
    let context: ServiceContext
    let outbox: Outbox
    let homeAssistant: HomeAssistantDiscovery?
    let traffic: Traffic
    let rejections: Rejections
    var router: DeviceRouter
    private var runners: [String: StudentRunner] = [:]
    /// Of the students that have yet to prove themselves.
    private var probations: [String: ProbationRun] = [:]
    /// Probations that ended, for whoever keeps the slots.
    nonisolated let probationEnds = Mailbox<ProbationRun.End>(limit: 1000)
    /// What publishers' messages mean, where sources files say so.
    var sources: SourceReader?
    private var policy: UploadPolicy
    private var pending: PendingVerdicts
    var previews: SignalPreview
    var stream: [BusMessage] = []
    private var uploads: [BusMessage] = []
    private var totals = Totals()
    private var gates = GateCounts()

    /// What was done since the process started.
    struct Totals: Sendable, Equatable {
        var inferences = 0
        var multiplyAccumulates = 0
    }

    init(
        settings: EdgeSettings, context: ServiceContext, outbox: Outbox, traffic: Traffic, rejections: Rejections
    ) {
        self.settings = settings
        self.context = context
        self.outbox = outbox
        self.traffic = traffic
        self.rejections = rejections
        router = DeviceRouter(
            site: settings.site, limit: settings.deviceLimit, labelLimit: settings.homeAssistant?.labelLimit ?? 0,
            topics: context.topics)
        homeAssistant = settings.homeAssistant.map {
            HomeAssistantDiscovery(
                prefix: $0.prefix, topics: context.topics, edge: EdgeID(site: settings.site, edge: context.instance),
                version: ServiceIdentity.version)
        }
        policy = UploadPolicy(
            sampleShare: settings.sampleShare, rate: settings.uncertainRate, burst: settings.uncertainBurst,
            now: context.now())
        pending = PendingVerdicts(age: settings.verdictAge)
        previews = SignalPreview(limit: settings.previewDevices)
        sources = settings.sources.map { SourceReader($0, site: settings.site) }
    }

    var counts: Totals { totals }

    // MARK: What runs

    func set(task: TaskDocument) {
        if router.task(task.name) != task { checkUnits(of: task) }
        router.set(task)
    }

    func remove(task: String) {
        router.remove(task: task)
        runners[task] = nil
        probations[task] = nil
        gates.forget(task)
        context.board.set("models", models)
    }

    /// Runs a student from the next window on.
    ///
    /// - Parameter limits: what it has to prove beside the student that runs now, which goes on in its shadow; nothing
    ///   where it is known to be good.
    func run(_ runner: sending StudentRunner, provingItself limits: Probation.Limits? = nil) {
        let model = runner.student.task.name
        // The student that is known to be good is the one before where that is on probation itself.
        let old = probations[model]?.old ?? runners[model]
        probations[model] = limits.flatMap { limits in old.map { ProbationRun(old: $0, limits: limits) } }
        switchTo(runner)
    }

    private func switchTo(_ runner: StudentRunner) {
        let model = runner.student.task.name
        if router.task(model) == nil { router.set(runner.student.task) }
        router.set(means: runner.student.normalisation.mean, task: model)
        runners[model] = runner
        context.board.set("models", models)
    }

    private var models: JSONValue {
        var object = JSONObject()
        for (model, runner) in runners.sorted(by: { $0.key < $1.key }) {
            object[model] = .integer(Int64(runner.version))
        }
        return .object(object)
    }

    // MARK: Telemetry

    /// Works on a batch of telemetry and hands what follows from it to the outbox.
    func receive(_ batch: ArraySlice<BusMessage>) {
        let now = context.now()
        var bytes = 0
        for message in batch {
            bytes += message.topic.utf8.count + message.payload.count
            receive(message, now: now)
        }
        traffic.received(bytes, messages: batch.count, .telemetry)
        context.board.count("received", by: batch.count)
        flush()
    }

    func flush() {
        if !stream.isEmpty {
            outbox.stream.put(contentsOf: stream)
            stream.removeAll(keepingCapacity: true)
        }
        if !uploads.isEmpty {
            outbox.uploads.put(contentsOf: uploads)
            uploads.removeAll(keepingCapacity: true)
        }
    }

    /// Whether a message's payload is to be read at all.
    func isLive(_ message: BusMessage) -> Bool {
        // A retained sample is of some other time, and an empty payload only takes one back.
        guard !message.retained, !message.payload.isEmpty else {
            context.board.count("stale")
            return false
        }
        guard message.payload.count <= settings.telemetryBytes else {
            rejections.put(
                message.topic, code: "oversize",
                reason: "\(message.payload.count) bytes; at most \(settings.telemetryBytes) are accepted")
            return false
        }
        return true
    }

    private func receive(_ message: BusMessage, now: Double) {
        guard isLive(message) else { return }
        let device: HeardDevice
        switch router.device(topic: message.topic, now: now) {
        case .device(let known): device = known
        case .refused(let code, let reason):
            rejections.put(message.topic, code: code, reason: reason)
            return
        }
        let batch: SampleBatch
        do throws(JSONError) {
            batch = try TelemetryMessage(payload: message.payload).batch(arrival: now)
        } catch {
            rejections.put(message.topic, code: "\(error.code)", reason: "\(error)")
            return
        }
        hear(device, now: now)
        if !batch.timeIsArrival {
            device.observe(
                deviceTime: batch.t + Double(batch.rows - 1) * (batch.interval ?? 0), arrival: now)
        }
        preview([batch], of: device, now: now)
        var fault: WindowError?
        var isUsed = device.lanes.isEmpty
        for lane in device.lanes.indices {
            do throws(WindowError) {
                try cut(device.lanes[lane].samples(of: batch, arrival: now), device, lane, now: now)
                isUsed = true
            } catch {
                fault = error
            }
        }
        // A device may feed several tasks with different channels; only what none can use is refused.
        if let fault, !isUsed {
            rejections.put(message.topic, code: "\(fault.code)", reason: fault.message)
        }
    }

    /// Notes that a device is there.
    func hear(_ device: HeardDevice, now: Double) {
        device.lastArrival = now
        if !device.isOnline {
            device.isOnline = true
            say(device.id, isOnline: true)
        }
    }

    /// Cuts samples into windows and decides on those.
    ///
    /// - Throws: `WindowError` where samples cannot be used.
    func cut(_ batches: [SampleBatch], _ device: HeardDevice, _ lane: Int, now: Double) throws(WindowError) {
        for batch in batches {
            for window in try device.lanes[lane].cutter.append(batch) { decide(window, device, lane, now: now) }
        }
    }

    private func say(_ device: DeviceID, isOnline: Bool) {
        outbox.latest.put(
            BusMessage(
                topic: context.topics.string(.deviceAvailability(device)), text: isOnline ? "online" : "offline",
                retained: true))
    }

    // MARK: Windows

    private func decide(_ window: SampleWindow, _ device: HeardDevice, _ lane: Int, now: Double) {
        let id = window.id(device: device.id.device)
        let task = device.lanes[lane].task
        let isEvaluation = device.lanes[lane].isEvaluation
        guard let runner = runners[task.name] else {
            if let choice = UploadPolicy.bootstrap(isEvaluation: isEvaluation) {
                upload(window, id, task, device.lanes[lane].windowTopic, choice, now: now)
            }
            return
        }
        let decided: (result: StudentRunner.Result, runner: StudentRunner)
        do throws(InferenceError) {
            decided = try run(runner, on: window.values, task.name)
        } catch {
            context.board.count("inferenceErrors")
            return
        }
        let result = decided.result
        totals.inferences += 1
        if task.kind == .classification {
            gates.count(task.name, version: decided.runner.version, isUncertain: result.isUncertain)
        }
        let message = InferenceMessage(
            t: now, window: id.description, from: window.from, to: window.to, edge: context.instance,
            version: decided.runner.version, decision: result.decision, filledChannels: window.filledChannels,
            latencyMicroseconds: result.microseconds)
        stream.append(
            BusMessage(
                topic: device.lanes[lane].inferenceTopic, payload: message.payload,
                qos: settings.inferenceQoS == 0 ? .atMostOnce : .atLeastOnce, contentType: "application/json"))
        sayState(message, device, lane)
        let choice = policy.choose(id, isEvaluation: isEvaluation, isUncertain: result.isUncertain, now: now)
        guard let choice else { return }
        upload(window, id, task, device.lanes[lane].windowTopic, choice, now: now)
        if choice.reason == .uncertain {
            pending.ask(PendingVerdicts.Key(model: task.name, device: device.id, window: id), message, now: now)
        }
    }

    /// - Returns: also the student that decided, which is the one before where the other has just lost its place.
    private func run(
        _ runner: StudentRunner, on window: [Float], _ model: String
    ) throws(InferenceError) -> (StudentRunner.Result, StudentRunner) {
        totals.multiplyAccumulates += runner.multiplyAccumulates
        guard let probation = probations[model] else { return (try runner.run(window), runner) }
        totals.multiplyAccumulates += probation.old.multiplyAccumulates
        defer {
            if let verdict = probation.verdict {
                probations[model] = nil
                if verdict != .proven { switchTo(probation.old) }
                probationEnds.put(.init(model: model, digest: runner.digest, verdict: verdict))
            }
        }
        return try probation.run(window, new: runner)
    }

    /// The state changes with the label; for a regression, whose value is always new, once a window.
    private func sayState(_ message: InferenceMessage, _ device: HeardDevice, _ lane: Int) {
        var state = StateMessage(t: message.t, version: message.version)
        switch message.decision {
        case .label(let label, let superclass, let confidence):
            if let said = device.lanes[lane].state, said == (label, message.version) { return }
            device.lanes[lane].state = (label, message.version)
            (state.label, state.superclass, state.confidence) = (label, superclass, confidence)
        case .value(let value, let unit, _):
            (state.value, state.unit) = (value, unit)
        case .heads(let heads):
            let labels = heads.map(\.label).joined(separator: "\n")
            if let said = device.lanes[lane].state, said == (labels, message.version) { return }
            device.lanes[lane].state = (labels, message.version)
            state.heads = heads
        }
        outbox.latest.put(
            BusMessage(
                topic: device.lanes[lane].stateTopic, payload: state.payload, retained: true,
                contentType: "application/json"))
    }

    private func upload(
        _ window: SampleWindow, _ id: WindowID, _ task: TaskDocument, _ topic: String, _ choice: UploadPolicy.Choice,
        now: Double
    ) {
        let message = WindowMessage(
            t: now, window: id.description, from: window.from, to: window.to, edge: context.instance,
            reason: choice.reason, want: choice.want, channels: task.channels.map(\.name), values: window.values,
            filledChannels: window.filledChannels)
        uploads.append(BusMessage(topic: topic, payload: message.payload, contentType: "application/json"))
        context.board.count("uploads")
    }

    // MARK: Verdicts

    /// Revises decisions by the teacher's answers.
    func receive(verdicts batch: [BusMessage]) {
        let now = context.now()
        for message in batch where !message.payload.isEmpty { receive(verdict: message, now: now) }
        flush()
    }

    private func receive(verdict message: BusMessage, now: Double) {
        guard case .verdict(let device, let model) = context.topics.parse(message.topic) else {
            rejections.put(message.topic, code: "topic", reason: "no verdict topic")
            return
        }
        context.board.count("verdicts")
        let verdict: VerdictMessage
        do throws(JSONError) {
            verdict = try VerdictMessage(payload: message.payload)
        } catch {
            rejections.put(message.topic, code: "\(error.code)", reason: "\(error)")
            return
        }
        guard let window = WindowID(verdict.window), window.device == device.device else {
            rejections.put(
                message.topic, code: "window", reason: "\"\(verdict.window)\" is no window of \(device.device)")
            return
        }
        let key = PendingVerdicts.Key(model: model, device: device, window: window)
        guard let entry = pending.answer(key, now: now) else {
            // Evaluation windows are answered too and never revised; others came too late.
            context.board.count("verdictsUnasked")
            return
        }
        guard verdict.t >= entry.asked - settings.verdictAge else {
            context.board.count("verdictsStale")
            return
        }
        guard let task = router.task(model), let decision = revised(entry.decision.decision, by: verdict, task) else {
            rejections.put(
                message.topic, code: "classes", reason: "the verdict does not fit the task \(model) and its classes")
            return
        }
        guard decision != entry.decision.decision else { return }
        var revision = entry.decision
        revision.t = now
        revision.revision = 1
        revision.decision = decision
        revision.decidedBy = .cloud
        uploads.append(
            BusMessage(
                topic: context.topics.string(.inference(device, model: model)), payload: revision.payload,
                contentType: "application/json"))
        context.board.count("revised")
    }

    /// The decision after a verdict; nothing where the verdict does not fit the task.
    private func revised(
        _ decision: InferenceMessage.Decision, by verdict: VerdictMessage, _ task: TaskDocument
    ) -> InferenceMessage.Decision? {
        switch verdict.content {
        case .value(let value):
            guard task.kind == .regression else { return nil }
            return .value(value, unit: task.target?.unit ?? "", standardDeviation: nil)
        case .probabilities(let probabilities, let label):
            guard task.kind == .classification, probabilities.count == task.classes.count,
                let index = task.classIndex(label)
            else { return nil }
            return .label(
                label, superclass: task.classes[index].superclass, confidence: Double(min(1, probabilities[index])))
        case .heads(let heads):
            guard task.kind == .multiHead, heads.map(\.head) == task.heads.map(\.name) else { return nil }
            var decisions: [HeadDecision] = []
            for (head, said) in zip(task.heads, heads) {
                guard said.probabilities.count == head.classes.count,
                    let index = head.classes.firstIndex(where: { $0.name == said.label })
                else { return nil }
                decisions.append(
                    HeadDecision(
                        head: head.name, label: said.label, superclass: head.classes[index].superclass,
                        confidence: Double(min(1, said.probabilities[index]))))
            }
            return .heads(decisions)
        }
    }

    // MARK: Devices

    /// Says what is known of a device, where that has changed.
    func report(_ device: HeardDevice, now: Double, isDue: Bool = false) {
        guard let report = device.nextReport(now: now, edge: context.instance, isDue: isDue) else { return }
        outbox.latest.put(
            BusMessage(
                topic: context.topics.string(.device(device.id)), payload: report.payload, retained: true,
                contentType: "application/json"))
    }

    /// Forgets a device that somebody has taken back, and does not say again what was retained about it.
    func forget(_ id: DeviceID) {
        let models = router.known(id)?.lanes.map(\.task.name) ?? []
        router.forget(id)
        var topics = [context.topics.string(.deviceAvailability(id)), context.topics.string(.device(id))]
        topics += models.map { context.topics.string(.state(id, model: $0)) }
        if let homeAssistant { topics.append(HomeAssistantTopic.config(prefix: homeAssistant.prefix, id)) }
        outbox.latest.forget(topics)
    }

    // MARK: Time

    /// Looks at what silence means, and brings the counters up to date.
    ///
    /// - Parameter dropped: messages that the telemetry subscription has dropped, where that is known.
    func sweep(dropped: Int?) {
        let now = context.now()
        joinQuiet(now: now)
        for device in router.sweep(now: now, silence: settings.deviceSilence, forget: settings.deviceForget) {
            say(device, isOnline: false)
        }
        announceChanged()
        sayLabels(now: now)
        for device in router.devices { report(device, now: now) }
        pending.expire(now: now)
        expirePreviews(now: now)
        let board = context.board
        // The status adds what all subscriptions dropped to `dropped` itself.
        if let dropped { board.setCount("telemetryDropped", to: dropped) }
        for (name, count) in router.statistics { board.setCount(name, to: count) }
        board.setCount("inferences", to: totals.inferences)
        board.set("gates", gates.json)
        board.setCount("uploadsLimited", to: policy.limited)
        board.setCount("verdictsExpired", to: pending.expired)
        board.set("devices", .integer(Int64(router.count)))
        board.set("devicesOnline", .integer(Int64(router.onlineCount)))
    }
}
