import BusAPI
import JSON
import Logging
import ModelArtifact
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Takes candidates, task proposals and roll-backs from the bus, one event after another, and answers each.
actor CandidateDesk: Service {
    private let store: VersionStore
    private let context: ServiceContext
    private let onChange: @Sendable () -> Void
    private var intake: CandidateIntake

    /// - Parameter onChange: called after what should be published or offered has changed.
    init(
        store: VersionStore, context: ServiceContext, settings: RegistrySettings,
        onChange: @escaping @Sendable () -> Void
    ) {
        self.store = store
        self.context = context
        self.onChange = onChange
        intake = CandidateIntake(limit: settings.candidates, timeout: settings.candidateTimeout)
    }

    func run() async throws {
        let topics = context.topics
        // One subscription, so that a candidate is seen before its chunks. Whatever overflows is repeated.
        let subscription = try await context.bus.subscribe(
            to: [
                BusFilter(topics.filter("model", "+", "candidate", "+")), BusFilter(topics.filter("chunk", "+", "+")),
                BusFilter(topics.filter("model", "+", "task", "proposal")),
                BusFilter(topics.filter("model", "+", "rollback")),
            ], limit: 1024, overflow: .dropNewest)
        for await batch in subscription.cancelOnGracefulShutdown() {
            for message in batch { await handle(message) }
            context.board.setCount("dropped.candidates", to: subscription.dropped)
        }
        subscription.cancel()
    }

    /// Refuses candidates whose chunks stopped coming.
    func expire() async {
        for (message, reason) in intake.expire(now: context.now()) { await refuse(message, reason: reason) }
    }

    private func handle(_ message: BusMessage) async {
        do {
            switch context.topics.parse(message.topic) {
            case .chunk(let frame, let index): try await handleChunk(frame, index, message)
            case .candidate(let model, let digest): try await handleCandidate(model, digest, message)
            case .taskProposal(let model): try await handleProposal(model, message)
            case .rollback(let model): try await handleRollback(model, message)
            default: await reject(message.topic, "topic", "the names in this topic are not valid")
            }
        } catch {
            // Storage: nothing was changed and nothing is answered, so the sender repeats it.
            context.board.count("failures")
            context.logger.error(
                "A message could not be dealt with",
                metadata: [RegistryLogKeys.topic: "\(message.topic)", RegistryLogKeys.error: "\(error)"])
        }
    }

    // MARK: Tasks

    private func handleProposal(_ model: String, _ message: BusMessage) async throws {
        guard !message.payload.isEmpty else { return }
        context.board.count("received")
        let document: TaskDocument
        do throws(JSONError) {
            document = try TaskDocument(json: JSONValue(parsing: message.payload, maximumBytes: 1 << 20))
            guard document.name == model else {
                throw JSONError(.wrongType, "name: \"\(document.name)\" was proposed on the topic of \(model)")
            }
        } catch {
            await reject(message.topic, "malformed", "\(error)")
            return
        }
        do {
            guard let task = try await store.propose(document, now: context.now()) else { return }
            context.logger.info(
                "A task was accepted",
                metadata: [RegistryLogKeys.model: "\(model)", RegistryLogKeys.revision: "\(task.revision)"])
            context.board.count("tasksAccepted")
            onChange()
        } catch let error as RegistryError where error.code == .refused {
            await reject(message.topic, "refused", error.message)
        }
    }

    private func handleRollback(_ model: String, _ message: BusMessage) async throws {
        guard !message.payload.isEmpty else { return }
        context.board.count("received")
        do {
            let version = try RollbackRequest(payload: message.payload).version
            try await store.rollback(model: model, to: version, now: context.now())
            context.logger.notice(
                "An earlier version is desired again",
                metadata: [RegistryLogKeys.model: "\(model)", RegistryLogKeys.version: "\(version)"])
            onChange()
        } catch let error as JSONError {
            await reject(message.topic, "malformed", "\(error)")
        } catch let error as RegistryError where error.code == .unknownVersion {
            await reject(message.topic, "version", error.message)
        }
    }

    // MARK: Candidates

    private func handleCandidate(_ model: String, _ digest: String, _ message: BusMessage) async throws {
        // The distiller takes it back.
        guard !message.payload.isEmpty else { return }
        context.board.count("received")
        let candidate: CandidateMessage
        do throws(JSONError) {
            candidate = try CandidateMessage(payload: message.payload)
            guard candidate.model == model, candidate.digest == digest else {
                throw JSONError(.wrongType, "model, digest: not those of the topic")
            }
        } catch {
            await reject(message.topic, "malformed", "\(error)")
            // Whoever sent it waits on the topic, so the answer can be found although the payload cannot be read.
            if ChunkedBytes.isDigest(digest) {
                await answer(
                    model,
                    CandidateResult(
                        t: context.now(), digest: digest, state: .refused,
                        reason: "the message cannot be read: \(error)"
                    ))
            }
            return
        }
        if let known = try await store.answer(to: candidate, now: context.now()) {
            await answer(model, known)
            return
        }
        guard let task = try await store.task(model: model) else {
            // Not remembered: the task may still come.
            await refuse(candidate, reason: "there is no task named \(model)")
            return
        }
        try await apply(
            intake.offer(candidate, task: task.document, now: context.now()),
            topic: message.topic)
        context.board.setCount("dropped.displaced", to: intake.displaced)
    }

    private func handleChunk(_ frame: String, _ index: Int, _ message: BusMessage) async throws {
        try await apply(
            intake.chunk(frame: frame, index: index, bytes: message.payload, now: context.now()), topic: message.topic)
    }

    private func apply(_ action: CandidateIntake.Action, topic: String) async throws {
        switch action {
        case .none: break
        case .rejectChunk(let code, let reason): await reject(topic, code, reason)
        case .refuse(let candidate, let reason): await refuse(candidate, reason: reason)
        case .judge(let candidate, let frame): try await judge(candidate, frame)
        }
    }

    private func judge(_ candidate: CandidateMessage, _ frame: [UInt8]) async throws {
        do {
            guard let task = try await store.task(model: candidate.model) else {
                throw RegistryError(.inconsistent, "the task \(candidate.model) is gone")
            }
            let judged = try await CandidateJudge.judge(candidate, frame: frame, task: task)
            let version = try await store.accept(judged, now: context.now())
            context.board.count("candidatesAccepted")
            context.logger.info(
                "A candidate was accepted and released",
                metadata: [
                    RegistryLogKeys.model: "\(version.model)", RegistryLogKeys.version: "\(version.version)",
                    RegistryLogKeys.digest: "\(version.digest)", RegistryLogKeys.bytes: "\(version.size)",
                ])
            onChange()
            await answer(
                version.model,
                CandidateResult(t: context.now(), digest: version.digest, state: .accepted, version: version.version))
        } catch let error as RegistryError where error.code == .refused {
            try await store.refuse(candidate, reason: error.message, now: context.now())
            await refuse(candidate, reason: error.message)
        }
    }

    private func refuse(_ candidate: CandidateMessage, reason: String) async {
        context.board.count("candidatesRefused")
        context.logger.warning(
            "A candidate was refused",
            metadata: [
                RegistryLogKeys.model: "\(candidate.model)", RegistryLogKeys.digest: "\(candidate.digest)",
                RegistryLogKeys.reason: "\(reason)",
            ])
        await reject(
            context.topics.string(.candidate(model: candidate.model, digest: candidate.digest)), "candidate", reason)
        await answer(
            candidate.model,
            CandidateResult(t: context.now(), digest: candidate.digest, state: .refused, reason: reason))
    }

    private func answer(_ model: String, _ result: CandidateResult) async {
        do throws(BusError) {
            try await context.publish(result, on: .candidateResult(model: model, digest: result.digest))
        } catch {
            // The distiller repeats its candidate until an answer arrives, and gets the same one.
            context.board.count("answersUnsent")
        }
    }

    private func reject(_ topic: String, _ code: String, _ reason: String) async {
        await context.rejects.reject(topic: topic, code: code, reason: reason)
    }
}
