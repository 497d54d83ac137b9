import BusAPI
import BusTesting
import JSON
import Synchronization
import Telemetry
import Testing

@testable import FleetConsole

@Suite("Jobs that are asked for")
struct JobOrderTests {
    private static let topics = TopicSpace()

    private static func progress(
        _ phase: JobProgress.Phase, _ fraction: Double = 0, reason: String? = nil
    ) -> JobProgress {
        JobProgress(
            t: FleetFixture.t, id: "job-1", model: "activity", distiller: "distiller-a", phase: phase,
            fraction: fraction,
            reason: reason)
    }

    /// Runs an order against a distiller that answers each request with these words.
    private func run(
        _ answers: [(Topic, [UInt8])], order: (FleetClient) -> JobOrder = { JobOrder(request, client: $0) },
        waits: Bool = true, answerLimit: Duration = .seconds(5), limit: Duration? = nil
    ) async throws -> (outcome: JobOrder.Outcome, shown: [JobProgress.Phase]) {
        let broker = InMemoryBroker()
        let distiller = broker.connect("distiller")
        let requests = try await distiller.subscribe(
            to: [BusFilter(Self.topics.string(.jobRequest))], limit: 10, overflow: .dropOldest)
        let answering = Task {
            for await _ in requests {
                for (topic, payload) in answers {
                    try await distiller.publish(BusMessage(topic: Self.topics.string(topic), payload: payload))
                }
            }
        }
        defer { answering.cancel() }
        let client = FleetClient(
            bus: broker.connect("cli"), topics: Self.topics, address: "memory", timeout: .seconds(5))
        let shown = Mutex<[JobProgress.Phase]>([])
        let outcome = try await order(client).run(waits: waits, answerLimit: answerLimit, limit: limit) { progress in
            shown.withLock { $0.append(progress.phase) }
        }
        return (outcome, shown.withLock { $0 })
    }

    private static let request = JobRequest(t: FleetFixture.t, id: "job-1", model: "activity", base: 1, seed: 3)

    @Test("A job is followed through its phases to its end")
    func done() async throws {
        let words = [
            Self.progress(.accepted), Self.progress(.teacher, 0.5), Self.progress(.done, 1, reason: "version 2"),
        ]
        let (outcome, shown) = try await run(words.map { (.jobProgress(id: "job-1"), $0.payload) })
        #expect(outcome == .done(words[2]) && shown == [.accepted, .teacher, .done])
    }

    @Test("Without following, the first word of a distiller is the answer; a refusal of it is a failure")
    func taken() async throws {
        let taken = try await run([(.jobProgress(id: "job-1"), Self.progress(.accepted).payload)], waits: false)
        #expect(taken.outcome == .taken(Self.progress(.accepted)))
        let failed = Self.progress(.failed, reason: "there are 3 windows of \"sitting\"")
        let refused = try await run([(.jobProgress(id: "job-1"), failed.payload)], waits: false)
        #expect(refused.outcome == .failed(failed))
    }

    private func error(_ body: () async throws -> Void) async -> FleetConsoleError? {
        await #expect(throws: FleetConsoleError.self) { try await body() }
    }

    @Test("Nobody there, an id that is taken, and a job that takes too long are told apart")
    func errors() async throws {
        let nobody = await error { _ = try await run([], answerLimit: .milliseconds(1)) }
        #expect(nobody?.code == .timedOut && nobody?.message.contains("no distiller took the job") == true)
        let reject = RejectMessage(
            t: FleetFixture.t, topic: Self.topics.string(.jobRequest), code: "job",
            reason: "the id job-1 names another job already", count: 1)
        let taken = await error { _ = try await run([(.reject(executable: "cloud-distiller"), reject.payload)]) }
        #expect(taken?.code == .failed && taken?.message.contains("names another job") == true)
        let slow = await error {
            _ = try await run(
                [(.jobProgress(id: "job-1"), Self.progress(.teacher, 0.25).payload)], limit: .milliseconds(300))
        }
        #expect(slow?.code == .unfinished && slow?.message.contains("teacher, 25.0 %") == true)
    }

    @Test("A job of somebody else's that has ended is known from the aggregator; one that nobody knows is not there")
    func following() async throws {
        let broker = InMemoryBroker()
        let aggregator = broker.connect("aggregator")
        let summary = try #require(FleetFixture.view().summary)
        try await aggregator.publish(
            BusMessage(topic: Self.topics.string(.fleetSummary), payload: summary.payload, retained: true))
        let client = FleetClient(bus: broker.connect("cli"), topics: Self.topics, address: "memory")
        let outcome = try await JobOrder(following: "job-0", client: client).run(
            waits: true, answerLimit: .seconds(5), show: { _ in })
        guard case .failed(let progress) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(progress.model == "activity")
        let missing = await error {
            _ = try await JobOrder(following: "job-9", client: client).run(
                waits: true, answerLimit: .milliseconds(1), show: { _ in })
        }
        #expect(missing?.code == .notFound)
    }

    @Test("The list leaves out what is over, unless it is asked for")
    func table() throws {
        let summary = try #require(FleetFixture.view().summary)
        #expect(JobTable(summary, all: false).jobs.map(\.id) == ["job-1"])
        #expect(JobTable(summary, all: true).jobs.map(\.id) == ["job-0", "job-1"])
        #expect(JobTable(summary, all: true, model: "other").isEmpty)
        let text = JobTable(summary, all: true).table.text
        #expect(text.contains("job-1  activity  teacher  █████░░░░░░░░░░░ 34.0 %  20.0 s"), "\(text)")
        #expect(JobTable(summary, all: false).json.elements?.first?.object?["fraction"]?.number == 0.34)
    }
}
