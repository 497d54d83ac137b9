import BusAPI
import BusTesting
import Distillation
import JSON
import Logging
import ModelArtifact
import NeuralNetwork
import ServiceLifecycle
import ServiceRuntime
import Telemetry
import Testing

@testable import CloudDistillation

@Suite("The distiller on a bus", .timeLimit(.minutes(1)))
struct ServiceTests {
    /// A client of the same broker: sensors, edges and the registry at once.
    private struct Peer {
        let bus: InMemoryBus
        let topics = TopicSpace()

        init(_ harness: DistillerHarness) { bus = harness.broker.connect("peer") }

        func send(_ message: some MessagePayload, on topic: Topic, retained: Bool = false) async throws {
            try await bus.publish(
                BusMessage(topic: topics.string(topic), payload: message.payload, retained: retained))
        }

        func send(_ task: TaskDocument) async throws {
            try await bus.publish(
                BusMessage(topic: topics.string(.task(model: task.name)), payload: task.json.bytes, retained: true))
        }

        func hear(_ levels: String...) async throws -> BusSubscription {
            let filter = topics.root + "/" + levels.joined(separator: "/")
            return try await bus.subscribe(to: [BusFilter(filter)], limit: 10_000, overflow: .dropOldest)
        }
    }

    /// Runs the services until `body` has returned; it starts once both subscriptions stand.
    private func running(_ harness: DistillerHarness, _ body: () async throws -> Void) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: harness.app.services, logger: logger))
        // The broker hands each subscription the task, and the second our own availability besides.
        try await Peer(harness).send(TestTask.task())
        async let run: Void = group.run()
        while harness.context.bus.statistics.received < 3 { await Task.yield() }
        do {
            try await body()
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await run
    }

    @Test("Windows and labels become a candidate by themselves, and windows are answered")
    func whole() async throws {
        let engine = HandmadeEngine()
        let harness = try await DistillerHarness(engine: engine)
        let peer = Peer(harness)
        try await running(harness) {
            let candidates = try await peer.hear("model", "+", "candidate", "+")
            let verdicts = try await peer.hear("verdict", "#")
            let progress = try await peer.hear("job", "+", "progress")
            for (block, label) in ["still", "moving"].enumerated() {
                let offset = Double(block) * 1000
                for index in 0..<50 {
                    try await peer.send(
                        TestTask.window(offset + Double(index) * 8, values: TestTask.values(label, index)),
                        on: .window(TestTask.arm, model: "shake"))
                }
                try await peer.send(
                    TestTask.label("l-\(block)", offset, offset + 400, .label(label)), on: .label(TestTask.arm))
            }
            // Truth about a device kept for evaluation, and its windows, must stay outside.
            try await peer.send(TestTask.label("t", 0, 400, .label("still")), on: .truth(TestTask.arm))
            let first = try #require(await candidates.next()?.first)
            let candidate = try CandidateMessage(payload: first.payload)
            #expect(candidate.job == "auto-shake-1" && candidate.report["windows"] == .integer(100))
            let result = CandidateResult(t: TestTask.start, digest: candidate.digest, state: .accepted, version: 1)
            try await peer.send(result, on: .candidateResult(model: "shake", digest: candidate.digest))
            var last: JobProgress?
            while last?.phase != .done, let batch = await progress.next() {
                last = try batch.last.map { try JobProgress(payload: $0.payload) }
            }
            #expect(last?.id == "auto-shake-1" && last?.reason == "version 1")

            let held = TestTask.window(
                0, values: TestTask.values("moving", 3), device: TestTask.held, want: .verdict)
            try await peer.send(held, on: .window(TestTask.held, model: "shake"))
            let answer = try #require(await verdicts.next()?.first)
            #expect(answer.topic == "retort/v1/verdict/home/held-1/shake" && !answer.retained)
            let verdict = try VerdictMessage(payload: answer.payload)
            #expect(verdict.window == held.window && verdict.teacher == harness.app.shelf["shake"]?.digest.short)
            #expect(verdict.content == .probabilities([0.25, 0.75], label: "moving"))
        }
        #expect(engine.log.samples == [100])
        let keys = await harness.app.collection.teachingWindows("shake")
        #expect(keys.count == 100 && keys.allSatisfy { $0.device == TestTask.arm })
        try harness.remove()
    }

    @Test("A teacher that only answers windows on the bus makes a student that agrees with it, without any label")
    func foreignTeacher() async throws {
        let harness = try await DistillerHarness(settings: EngineTests.settings)
        let peer = Peer(harness)
        var candidate: CandidateMessage?
        try await running(harness) {
            let windows = try await peer.hear("window", "#")
            let candidates = try await peer.hear("model", "+", "candidate", "+")
            let progress = try await peer.hear("job", "+", "progress")
            let count = 120
            // Answers as any program would that knows the topics alone.
            async let teacher: Void = {
                var answered = 0
                while answered < count, let batch = await windows.next() {
                    for message in batch {
                        let window = try WindowMessage(payload: message.payload)
                        let swing = window.values.map(abs).reduce(0, +) / Float(window.values.count)
                        let verdict = ForeignVerdictTests.verdict(window, swing > 0.5 ? [0.1, 0.9] : [0.9, 0.1])
                        try await peer.send(verdict, on: .verdict(TestTask.arm, model: "shake"))
                        answered += 1
                    }
                }
            }()
            let request = JobRequest(t: TestTask.start, id: "early", model: "shake", teacher: .verdicts)
            try await peer.send(request, on: .jobRequest)
            let early = try JobProgress(payload: try #require(await progress.next()?.first).payload)
            #expect(early.phase == .failed && early.reason?.contains("still 0, moving 0") == true)
            for index in 0..<count {
                try await peer.send(
                    TestTask.window(
                        Double(index) * 8, values: TestTask.values(index % 2 == 0 ? "still" : "moving", index)),
                    on: .window(TestTask.arm, model: "shake"))
            }
            try await teacher
            while await harness.app.collection.summary("shake")?["answered"] != .integer(Int64(count)) {
                await Task.yield()
            }
            try await peer.send(
                JobRequest(t: TestTask.start, id: "taught", model: "shake", teacher: .verdicts), on: .jobRequest)
            candidate = try CandidateMessage(payload: try #require(await candidates.next()?.first).payload)
        }
        let made = try #require(candidate)
        #expect(made.job == "taught" && made.report["windows"] == .integer(120))
        #expect(made.report["teacher"] == .object(["name": .string("net-1"), "windows": .integer(120)]))
        #expect((made.report["student"]?.object?["agreement"]?.number ?? 0) > 0.9)
        #expect(harness.app.shelf["shake"] == nil, "no teacher was trained")
        let student = try harness.student(of: made)
        #expect(student.gate.threshold > 0, "it asks where it is unsure")
        let fresh = try LabelledWindows(
            samples: 8, channels: 2,
            values: (0..<40).flatMap { TestTask.values($0 % 2 == 0 ? "still" : "moving", 5000 + $0) },
            labels: (0..<40).map { $0 % 2 }, groups: [Int](repeating: 0, count: 40))
        let logits = try student.logits(fresh)
        let right = (0..<40).count { (logits[2 * $0 + 1] > logits[2 * $0]) == ($0 % 2 == 1) }
        #expect(right >= 36)
        try harness.remove()
    }

    @Test("A shutdown stops a training that would never end, and the next start goes on with it")
    func shutdown() async throws {
        let harness = try await DistillerHarness(
            engine: HandmadeEngine(isEndless: true), settings: ["jobs.automatic": "false"])
        await harness.take(task: TestTask.task())
        await harness.fill(perClass: 40)
        let peer = Peer(harness)
        let clock = ContinuousClock()
        var asked = clock.now
        try await running(harness) {
            let progress = try await peer.hear("job", "+", "progress")
            try await peer.send(JobRequest(t: TestTask.start, id: "long", model: "shake"), on: .jobRequest)
            var phase: JobProgress.Phase?
            while phase != .teacher, let batch = await progress.next() {
                phase = try batch.last.map { try JobProgress(payload: $0.payload).phase }
            }
            asked = clock.now
        }
        #expect(clock.now - asked < .seconds(5))
        let again = try await DistillerHarness(engine: HandmadeEngine(), folder: harness.folder)
        let said = await again.progress()
        #expect(said.map(\.phase) == [.accepted, .preparing] && said.allSatisfy { $0.id == "long" })
        try await again.app.database.close()
        try again.remove()
    }

    @Test("A killed distiller has lost at most what it had not written yet")
    func killed() async throws {
        let harness = try await DistillerHarness(engine: HandmadeEngine())
        await harness.take(task: TestTask.task())
        await harness.fill(perClass: 40)
        try await harness.app.database.flush()
        await harness.take(window: TestTask.window(50_000, values: [Float](repeating: 3, count: 16)))
        // Nothing is closed: another process opens what the first left.
        let again = try await DistillerHarness(engine: HandmadeEngine(), folder: harness.folder)
        await again.take(task: TestTask.task())
        #expect(await again.app.collection.summary("shake")?["labelled"] == .integer(80))
        #expect(try await again.app.collection.samples("shake").count == 80)
        try await again.app.database.close()
        try harness.remove()
    }

    @Test("Every key has a default that the options accept, and wrong values name their key")
    func configuration() throws {
        let keys = CloudDistillationApp.keys
        _ = try DistillerOptions(ServiceConfiguration(executable: "cloud-distiller", keys: keys, values: [:]))
        for (key, value) in [
            ("jobs.windowsPerClass", "none"), ("jobs.minimumPerClass", "1"), ("windows.megabytes", "0"),
            ("jobs.automatic", "perhaps"), ("candidates.repeatSeconds", "-1"), ("intake.queue", "3"),
        ] {
            let configuration = try ServiceConfiguration(
                executable: "cloud-distiller", keys: keys, values: [key: value])
            #expect {
                _ = try DistillerOptions(configuration)
            } throws: { error in
                (error as? ConfigurationError)?.key == key
                    && (error as? ConfigurationError)?.message.contains(key) == true
            }
        }
    }
}

@Suite("Verdicts")
struct VerdictTests {
    @Test("Windows that no teacher can answer, or that are none of the task's, are counted")
    func unanswered() async throws {
        let harness = try await DistillerHarness(engine: HandmadeEngine())
        await harness.take(task: TestTask.task())
        await harness.take(
            window: TestTask.window(0, values: TestTask.values("still", 1), want: .verdict))
        #expect(harness.context.board.counters["unanswered"] == 1)
        await harness.take(
            window: TestTask.window(0, values: TestTask.values("still", 1), want: .verdict, channels: ["y", "x"]))
        #expect(try harness.rejects.map(\.code) == ["channels"])
        // A teacher of other classes does not answer.
        var other = TestTask.task()
        other.classes.reverse()
        try harness.app.shelf.keep(KeptTeacher(HandmadeEngine.Teacher(task: other)))
        await harness.take(
            window: TestTask.window(0, values: TestTask.values("still", 1), want: .verdict))
        #expect(harness.context.board.counters["unanswered"] == 2)
        try harness.remove()
    }

    @Test("A teacher's file that cannot be read is left aside and said")
    func unreadable() throws {
        let folder = DistillerHarness.folder()
        let shelf = try TeacherShelf(stateDirectory: folder)
        try shelf.keep(KeptTeacher(HandmadeEngine.Teacher(task: TestTask.task())))
        let again = try TeacherShelf(stateDirectory: folder)
        #expect(try again.restore(with: EmptyEngine()).map(\.file) == ["shake.safetensors"])
        #expect(again["shake"] == nil)
        #expect(try again.restore(with: HandmadeEngine()).isEmpty)
        #expect(again["shake"] != nil)
    }
}
