import BusAPI
import JSON
import Logging
import ModelArtifact
import ServiceRuntime
import Telemetry

/// Runs the job queue against the bus and the database, and offers what comes out to the registry.
actor JobDesk {
    private let context: ServiceContext
    private let database: DistillerDatabase
    private let collection: WindowCollection
    nonisolated let worker: TrainingWorker
    private let repeatSeconds: Double
    private let metrics: DistillerMetrics
    private var queue: JobQueue
    private var students: [String: OfferedStudent] = [:]
    private var offers: [String: CandidateOffer] = [:]
    /// Retained candidates that are to be taken back once the broker is there.
    private var clearing: [String: Topic] = [:]

    /// Jobs to train, in order; one consumer.
    nonisolated let starts: AsyncStream<JobRequest>
    /// Progress to publish, in order; one consumer.
    nonisolated let outbox: AsyncStream<JobProgress>
    private let starting: AsyncStream<JobRequest>.Continuation
    private let saying: AsyncStream<JobProgress>.Continuation

    init(
        context: ServiceContext, options: JobQueue.Options, database: DistillerDatabase, collection: WindowCollection,
        worker: TrainingWorker, repeatSeconds: Double, metrics: DistillerMetrics
    ) {
        self.context = context
        self.database = database
        self.collection = collection
        self.worker = worker
        self.repeatSeconds = repeatSeconds
        self.metrics = metrics
        queue = JobQueue(instance: context.instance, options: options)
        // The queue starts one job at a time, so this never holds more.
        (starts, starting) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(2))
        // A full outbox loses the oldest; whoever asked for the job asks again and is told the last progress.
        (outbox, saying) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
    }

    /// Reads back jobs and students; candidates that the registry has not answered are offered again.
    func restore() async throws {
        for student in try await database.students() {
            students[student.digest] = student
            guard student.state == .offered else { continue }
            offers[student.digest] = try CandidateOffer(student, distiller: context.instance, now: context.now())
        }
        let jobs = try await database.jobs()
        let unfinished = Set(jobs.filter { $0.state == .waiting || $0.state == .running }.map(\.id))
        try worker.folders.removeAll(except: unfinished)
        let folders = worker.folders
        let prepared = try await BlockingWork.run("samples") { unfinished.filter { folders[$0].samples() != nil } }
        for id in prepared.sorted() {
            context.logger.info("a job goes on", metadata: [DistillationLogKeys.job: "\(id)"])
        }
        await perform(queue.restore(jobs, prepared: prepared, now: context.now()))
    }

    /// Ends the streams: nothing starts any more.
    nonisolated func finish() {
        starting.finish()
        saying.finish()
    }

    // MARK: Bus

    func receive(_ message: BusMessage) async {
        do {
            switch context.topics.parse(message.topic) {
            case .task(let model):
                // The intake takes tasks too and says what is wrong; a job that follows at once must know its task.
                guard let json = try? JSONValue(parsing: message.payload), let task = try? TaskDocument(json: json),
                    task.name == model
                else { return }
                try await collection.take(task: task)
            case .serviceAvailability(let executable, let instance) where executable == context.executable:
                queue.heard(instance, isOnline: message.payload == Array("online".utf8))
            case .jobRequest:
                guard !message.payload.isEmpty else { return }
                let request = try JobRequest(payload: message.payload)
                let readiness = await readiness(request.model)
                await perform(queue.request(request, readiness: readiness, now: context.now()))
            case .candidate(let model, let digest):
                await seen(message, model: model, digest: digest)
            case .candidateResult(let model, let digest):
                guard !message.payload.isEmpty else { return }
                let result = try CandidateResult(payload: message.payload)
                guard result.digest == digest else {
                    throw Rejection(code: "digest", reason: "the result and its topic name different students")
                }
                try await answered(model: model, result)
            default: break
            }
        } catch let error as JSONError {
            await context.rejects.reject(topic: message.topic, code: "malformed", reason: error.description)
        } catch let error as Rejection {
            await context.rejects.reject(topic: message.topic, code: error.code, reason: error.reason)
        } catch {
            storageFailed(error)
        }
    }

    /// A retained candidate of ours that we no longer offer is taken back.
    private func seen(_ message: BusMessage, model: String, digest: String) async {
        guard message.retained, offers[digest] == nil, !message.payload.isEmpty,
            let candidate = try? CandidateMessage(payload: message.payload), candidate.distiller == context.instance
        else { return }
        clearing[digest] = .candidate(model: model, digest: digest)
        await clear()
    }

    private func answered(model: String, _ result: CandidateResult) async throws {
        guard offers[result.digest]?.message.model == model, var student = students[result.digest] else { return }
        offers[result.digest] = nil
        clearing[result.digest] = .candidate(model: model, digest: result.digest)
        if result.state == .accepted {
            student.state = .accepted
            student.version = result.version
            students[result.digest] = student
            try await database.record(student)
        } else if student.version == nil {
            students[result.digest] = nil
            try await database.forget(student: result.digest)
        }
        context.board.count(result.state == .accepted ? "candidatesAccepted" : "candidatesRefused")
        let waiting = queue.jobs.values.filter { $0.state == .offering && $0.progress.candidate == result.digest }
        for job in waiting.sorted(by: { $0.id < $1.id }) {
            await perform(queue.answered(job.id, result, now: context.now()))
        }
        await clear()
    }

    private func clear() async {
        for (digest, topic) in clearing {
            do {
                try await context.clear(topic)
                clearing[digest] = nil
            } catch {
                // The next tick tries again.
                return
            }
        }
    }

    // MARK: Once a second

    /// Starts automatic jobs, repeats offers that are due, and shows how things are.
    func tick() async {
        var ready: [ModelReadiness] = []
        let models = await collection.models
        await perform(queue.know(models, now: context.now()))
        for model in models {
            if let readiness = await readiness(model) { ready.append(readiness) }
        }
        await perform(queue.considerAutomatic(ready, now: context.now()))
        await clear()
        for digest in offers.keys.sorted() {
            guard var offer = offers[digest], offer.nextDue <= context.now() else { continue }
            offer.sent(now: context.now(), every: repeatSeconds)
            // Before publishing: the registry may answer sooner than the broker acknowledges.
            offers[digest] = offer
            do {
                try await offer.publish(context)
                context.board.count("candidatesSent")
            } catch {
                offers[digest]?.unsent()
            }
        }
        await show()
    }

    /// Jobs that have not ended.
    var unfinished: [Job] { queue.jobs.values.filter { !$0.state.isFinished } }

    private func readiness(_ model: String) async -> ModelReadiness? {
        let versions = students.values.filter { $0.model == model }.compactMap(\.version)
        return await collection.readiness(model, knownVersions: Set(versions))
    }

    private func show() async {
        var models = JSONObject()
        for model in await collection.models {
            guard var summary = await collection.summary(model) else { continue }
            if let task = await collection.task(model) {
                let needed = ModelReadiness.automaticWindows(task, perClass: queue.options.windowsPerClass)
                summary["needed"] = .integer(Int64(needed))
            }
            summary["teacher"] = worker.shelf[model].map { .string($0.digest.short) }
            if let job = queue.current(of: model) {
                summary["job"] = .object(["id": .string(job.id), "phase": .string(job.progress.phase.rawValue)])
            }
            models[model] = .object(summary)
        }
        context.board.set("models", .object(models))
        context.board.setCount("jobsWaiting", to: queue.waitingCount)
        context.board.setCount("windowsUnstored", to: await database.dropped)
    }

    // MARK: Work

    /// Trains for a request that ``starts`` gave, and offers the student.
    func work(_ request: JobRequest, stop: StopFlag) async {
        let (steps, report) = AsyncStream<TrainingStep>.makeStream(bufferingPolicy: .bufferingNewest(8))
        // Ends with `report`, which is finished below on every path.
        let listener = Task {
            for await step in steps { await self.reported(request.id, step) }
        }
        let result: Result<TrainingWorker.Outcome, any Error>
        do {
            let base = try base(of: request)
            result = .success(try await worker.run(request, base: base, stop: stop) { report.yield($0) })
        } catch {
            result = .failure(error)
        }
        report.finish()
        await listener.value
        do {
            try await offer(result.get(), for: request)
        } catch is CancellationError where stop.isSet {
            // Kept as it stands: the next start goes on with it.
            return
        } catch {
            context.logger.warning(
                "job failed",
                metadata: [DistillationLogKeys.job: "\(request.id)", DistillationLogKeys.error: "\(error)"])
            let reason = (error as? Rejection)?.reason ?? String(describing: error)
            let samples = await collection.readiness(request.model, knownVersions: [])?.sampleCount
            await perform(queue.failed(request.id, reason: reason, samples: samples, now: context.now()))
        }
        worker.folders[request.id].remove()
    }

    private func base(of request: JobRequest) throws -> WarmStart? {
        guard let version = request.base else { return nil }
        guard let kept = students.values.first(where: { $0.model == request.model && $0.version == version }) else {
            throw Rejection(code: "base", reason: "the student of version \(version) is not kept here")
        }
        return WarmStart(student: try Student(decoding: kept.bytes), digest: kept.digest)
    }

    private func reported(_ id: String, _ step: TrainingStep) async {
        await perform(
            queue.advance(
                id, to: step.phase, fraction: step.fraction, loss: step.loss, secondsLeft: step.secondsLeft,
                resumedFrom: step.resumedFrom, now: context.now()))
    }

    private func offer(_ outcome: TrainingWorker.Outcome, for request: JobRequest) async throws {
        try outcome.student.validate()
        let bytes = outcome.student.encode()
        try outcome.student.validateLimits(fileBytes: bytes.count)
        let digest = ContentDigest(of: bytes).hex
        var student = OfferedStudent(
            digest: digest, model: request.model, job: request.id, created: context.now(), bytes: bytes,
            report: outcome.report, base: outcome.student.base)
        // The same bytes may have a version already; the registry says what becomes of them.
        student.version = students[digest]?.version
        let offer = try CandidateOffer(student, distiller: context.instance, now: context.now())
        try await database.record(student)
        students[digest] = student
        offers[digest] = offer
        await perform(queue.trained(request.id, candidate: digest, now: context.now()))
        context.logger.info(
            "student offered",
            metadata: [DistillationLogKeys.job: "\(request.id)", DistillationLogKeys.digest: "\(digest)"])
        await tick()
    }

    private func perform(_ actions: [JobQueue.Action]) async {
        for action in actions {
            do {
                switch action {
                case .say(let progress):
                    metrics.note(progress)
                    saying.yield(progress)
                case .record(let job):
                    if job.state.isFinished { metrics.ended(job.progress) }
                    try await database.record(job)
                case .forget(let id): try await database.forget(job: id)
                case .start(let request): starting.yield(request)
                case .reject(let code, let reason):
                    await context.rejects.reject(
                        topic: context.topics.string(.jobRequest), code: code, reason: reason)
                }
            } catch {
                storageFailed(error)
            }
        }
    }

    private func storageFailed(_ error: any Error) {
        context.board.count("storageErrors")
        context.logger.error("storing failed", metadata: [DistillationLogKeys.error: "\(error)"])
    }
}
