import ArgumentParser
import BusAPI
import JSON
import LoadTesting
import ModelArtifact
import ServiceRuntime
import Telemetry

/// One update of a simulated fleet, and what the registry does for it.
struct RollOut: Sendable {
    private static let model = "activity"

    let bus: any MessageBus
    let topics: TopicSpace
    let registry: Int32
    let fleet: SimulatedFleet

    /// What is heard of the registry: once each, however many edges hear it.
    fileprivate struct Heard: Sendable {
        var chunks = UpdateCost.Traffic()
        var offers = UpdateCost.Traffic()
        var metadata = UpdateCost.Traffic()
        /// Frames offered: other chunks are of the candidate, which comes from here.
        var frames: Set<String> = []
        var needs = 0
        /// Edges that say that they run the target.
        var installed: Set<String> = []
        var status: StatusMessage?
    }

    func run(edges: Int, bases: Int) async throws -> UpdateCost {
        let students = try await release(bases)
        let digests = students.map { ContentDigest(of: $0.encode()).hex }
        let heard = Shared(Heard())
        let target = try next(after: students[bases - 1], seed: UInt64(bases))
        let digest = ContentDigest(of: target.encode()).hex
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let witness = try await bus.subscribe(
                to: [BusFilter(topics.root + "/#")], limit: 1_000_000, overflow: .dropNewest)
            group.addTask { for await batch in witness { try heard.withLock { try $0.take(batch, topics, digest) } } }
            try await fleet.forEach {
                try await $0.report(
                    Self.model, version: { $0 % bases + 1 }, digest: { digests[$0 % bases] })
            }
            try await until("all reports are stored") {
                heard.withLock { $0.status?.counters["received", default: 0] ?? 0 } >= edges + bases
            }
            let before = try ProcessUsage(of: registry)
            heard.withLock { $0 = Heard(status: $0.status) }
            let start = ContinuousClock.now
            try await offer(target)
            try await fleet.forEach { group in
                try await group.update(Self.model, to: digest) { digests[$0 % bases] }
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            try await until("the witness has heard every edge") { heard.withLock { $0.installed.count } == edges }
            let received = heard.withLock { $0.status?.counters["received", default: 0] ?? 0 }
            try await until("the registry has heard every edge") {
                heard.withLock { $0.status?.counters["received", default: 0] ?? 0 } >= max(received, 2 * edges)
            }
            let after = try ProcessUsage(of: registry)
            guard witness.dropped == 0 else { throw ValidationError("the witness lost \(witness.dropped) messages") }
            witness.cancel()
            group.cancelAll()
            return heard.withLock {
                UpdateCost(
                    edges: edges, bases: bases, chunks: $0.chunks, offers: $0.offers, metadata: $0.metadata,
                    needs: $0.needs, seconds: seconds, residentBytes: after.residentBytes,
                    privateBytes: after.privateBytes,
                    processorSeconds: after.processorSeconds - before.processorSeconds)
            }
        }
    }

    /// Waits for what is only heard.
    private func until(_ what: String, _ holds: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while !holds() {
            guard ContinuousClock.now < deadline else { throw ValidationError("not within two minutes: \(what)") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: Students

    /// Has the registry release as many students as there are bases, each an update of the one before.
    private func release(_ count: Int) async throws -> [Student] {
        let tasks = try await bus.subscribe(
            to: [BusFilter(topics.string(.task(model: Self.model)))], limit: 10, overflow: .dropOldest)
        guard let message = await tasks.next()?.last else { throw ValidationError("no task came") }
        tasks.cancel()
        let task = try TaskDocument(json: try JSONValue(parsing: message.payload))
        var students = [try ReferenceStudent.make(task: task)]
        while students.count < count {
            students.append(try next(after: students[students.count - 1], seed: UInt64(students.count)))
        }
        for student in students { try await offer(student) }
        return students
    }

    private func next(after student: Student, seed: UInt64) throws -> Student {
        try ReferenceStudent.moved(student, seed: seed)
    }

    /// Offers a student, and returns once it is released.
    private func offer(_ student: Student) async throws {
        let candidate = try ReferenceStudent.candidate(student, now: WallClock.now())
        let result = topics.string(.candidateResult(model: Self.model, digest: candidate.message.digest))
        let answers = try await bus.subscribe(to: [BusFilter(result)], limit: 10, overflow: .dropOldest)
        defer { answers.cancel() }
        try await bus.publish(
            BusMessage(
                topic: topics.string(.candidate(model: Self.model, digest: candidate.message.digest)),
                payload: candidate.message.payload))
        try await bus.publish(
            BusMessage(
                topic: topics.string(.chunk(digest: candidate.message.content.frame, index: 0)),
                payload: candidate.frame))
        guard let message = await answers.next()?.last else { throw ValidationError("no answer came") }
        let answer = try CandidateResult(payload: message.payload)
        guard answer.state == .accepted else { throw ValidationError("the registry refused: \(answer.reason ?? "")") }
    }
}

extension RollOut.Heard {
    fileprivate mutating func take(_ batch: [BusMessage], _ topics: TopicSpace, _ target: String) throws {
        for message in batch where !message.retained {
            switch topics.parse(message.topic) {
            case .chunk(let frame, _): if frames.contains(frame) { chunks.add(message) }
            case .offer:
                offers.add(message)
                if !message.payload.isEmpty { frames.insert(try OfferMessage(payload: message.payload).content.frame) }
            case .root, .targets, .snapshot, .timestamp, .release, .task: metadata.add(message)
            case .need: needs += 1
            case .installed:
                if try InstalledMessage(payload: message.payload).digest == target { installed.insert(message.topic) }
            case .status: status = try StatusMessage(payload: message.payload)
            default: break
            }
        }
    }
}
