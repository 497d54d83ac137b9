import BusAPI
import BusTesting
import JSON
import Logging
import ServiceRuntime
import Storage
import Telemetry
import Testing

@testable import MetricsAggregation

/// Roll-ups by way of a database in memory; decisions carry the time at which they count.
@Suite("Roll-ups")
struct RollUpTests {
    /// A whole hour.
    static let hour = 1_790_002_800.0

    /// An aggregator's storing and asking, without a bus.
    private final class Stage {
        let live: LiveAggregation
        let store: AggregateStore
        let service: StoreService
        let queries: FleetQueries

        init(_ limits: JoinLimits = JoinLimits(), over database: Database? = nil) async throws {
            let opened: Database
            if let database {
                opened = database
            } else {
                opened = try await Database(inMemory: AggregateStore.migrations)
            }
            store = AggregateStore(database: opened, limits: limits)
            live = LiveAggregation(try await store.read(topics: Fixture.topics))
            let context = ServiceContext(
                executable: "metrics-aggregator", instance: "aggregator", bus: InMemoryBroker().connect("aggregator"),
                topics: Fixture.topics, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                board: StatusBoard(), now: { RollUpTests.hour }, stateDirectory: "/nowhere", boot: "b")
            service = StoreService(
                live: live, context: context, store: store, interval: .seconds(1),
                metrics: AggregatorMetrics(context.metrics))
            queries = FleetQueries(live: live, store: store)
        }

        /// Decides on windows, one in 20 s of wall time from ``RollUpTests/hour`` on.
        func decide(
            _ range: Range<Int>, _ label: String = "walking", version: Int = 1, edge: String = "gw-1",
            device: DeviceID = Fixture.device
        ) {
            for index in range {
                let t = RollUpTests.hour + 20 * Double(index)
                var message = Fixture.inference(index, label, version: version, edge: edge, device: device)
                message.t = t
                say(.inference(device, model: "activity"), message, now: t)
            }
        }

        func say(_ topic: Topic, _ message: some MessagePayload, now: Double = RollUpTests.hour) {
            let refused = live.take([Fixture.message(topic, message)], now: now)
            #expect(refused.isEmpty, "\(refused)")
        }

        func points(
            _ subject: FleetSubject, model: String? = "activity", _ resolution: FleetHistory.Resolution = .minute
        ) async throws -> [FleetHistory.Point] {
            try await queries.history(
                of: subject, model: model, resolution: resolution, from: RollUpTests.hour,
                to: RollUpTests.hour + 30 * 86_400
            ).points
        }
    }

    @Test("Minutes, hours and days hold the same decisions, at the time at which edges made them")
    func resolutions() async throws {
        let stage = try await Stage()
        stage.decide(0..<360)
        await stage.service.save()
        let minutes = try await stage.points(.fleet)
        #expect(minutes.count == 120 && minutes.allSatisfy { $0.card.windows == 3 })
        #expect(minutes[1].t == Self.hour + 60)
        let hours = try await stage.points(.fleet, .hour)
        #expect(hours.map(\.card.windows) == [180, 180])
        #expect(try await stage.points(.fleet, .day).map(\.card.windows).reduce(0, +) == 360)
        #expect(hours[0].card.latency != nil && hours[0].card.accuracy == nil)
    }

    @Test("Every subject has its history, and one without a name has none")
    func subjects() async throws {
        let stage = try await Stage()
        let other = DeviceID(site: "home", device: "wrist-8")
        let far = DeviceID(site: "mill", device: "probe-1")
        stage.decide(0..<6)
        stage.decide(0..<3, version: 2, edge: "gw-2", device: other)
        stage.decide(0..<1, version: 2, edge: "gw-3", device: far)
        await stage.service.save()
        func windows(_ subject: FleetSubject) async throws -> Int {
            try await stage.points(subject, .hour).reduce(0) { $0 + $1.card.windows }
        }
        #expect(try await windows(.fleet) == 10)
        #expect(try await windows(.site("home")) == 9)
        #expect(try await windows(.site("mill")) == 1)
        #expect(try await windows(.edge(EdgeID(site: "home", edge: "gw-2"))) == 3)
        #expect(try await windows(.device(other)) == 3)
        #expect(try await windows(.version(2)) == 4)
        #expect(try await windows(.site("nowhere")) == 0)
        #expect(try await stage.points(.fleet, model: "unknown").isEmpty)
        let devices = try await stage.queries.devices(
            resolution: .day, from: Self.hour - 86_400, to: Self.hour + 86_400)
        #expect(devices.map(\.card.windows).sorted() == [1, 3, 6])
        let versions = try await stage.queries.versions(of: "activity")
        #expect(versions.map(\.version) == [1, 2] && versions.map(\.windows) == [6, 4])
        #expect(versions[0].from == Self.hour && versions[0].to == Self.hour + 3600)
    }

    @Test("A truth that comes days late scores decisions that only the disk knows, at the minute they were made")
    func lateTruth() async throws {
        var limits = JoinLimits()
        limits.records = 32
        let stage = try await Stage(limits)
        for step in 0..<10 {
            stage.decide(step * 30..<step * 30 + 30)
            await stage.service.save()
        }
        #expect(stage.live.withLock { $0.join.recordCount } <= 32)
        let later = Self.hour + 3 * 86_400
        stage.say(.truth(Fixture.device), Fixture.interval("a", 0, 59, "walking", t: later), now: later)
        stage.say(.truth(Fixture.device), Fixture.interval("b", 60, 119, "sitting", t: later), now: later)
        await stage.service.save()
        let points = try await stage.points(.device(Fixture.device))
        #expect(points.map(\.card.scored).reduce(0, +) == 120 && points[0].card.scored == 3)
        #expect(points.prefix(20).allSatisfy { $0.card.accuracy.map { $0.value == 1 } ?? true })
        #expect(points[30].card.accuracy?.value == 0)
        let total = stage.live.withLock { $0.join.tally() }
        #expect(total.truth.scored == 120 && total.truth.correct == 60 && total.truth.mixed == 1)
        // A correction takes it back, there as here.
        stage.say(.truth(Fixture.device), Fixture.interval("b", 60, 119, nil, t: later + 1), now: later)
        await stage.service.save()
        #expect(stage.live.withLock { $0.join.tally() }.truth.scored == 60)
        #expect(try await stage.points(.fleet, .hour).map(\.card.scored).reduce(0, +) == 60)
    }

    @Test("A late verdict finds its window on the disk; a copy of it counts once")
    func lateVerdict() async throws {
        var limits = JoinLimits()
        limits.records = 16
        let stage = try await Stage(limits)
        stage.decide(0..<100)
        await stage.service.save()
        for _ in 0..<2 { stage.say(.verdict(Fixture.device, model: "activity"), Fixture.verdict(3, "walking")) }
        var revised = Fixture.inference(4, "sitting", revision: 1, by: .cloud)
        revised.t = Self.hour
        stage.say(.inference(Fixture.device, model: "activity"), revised)
        await stage.service.save()
        let tally = stage.live.withLock { $0.join.tally() }
        #expect(tally.verdicts == 1 && tally.agreements == 1 && tally.byCloud == 1 && tally.decisions == 100)
        #expect(stage.live.withLock { $0.join.recalls.isEmpty })
    }

    @Test("A label whose windows were still to be read is scored after a kill")
    func killedRecall() async throws {
        var limits = JoinLimits()
        limits.records = 16
        let database = try await Database(inMemory: AggregateStore.migrations)
        let stage = try await Stage(limits, over: database)
        stage.decide(0..<100)
        await stage.service.save()
        stage.say(.truth(Fixture.device), Fixture.interval("a", 0, 50, "walking"))
        // The label is stored, its windows are not read yet: here the process dies.
        try await stage.store.write(stage.live.withLock { $0.drain(now: Self.hour) })
        let revived = try await Stage(limits, over: database)
        await revived.service.save()
        #expect(revived.live.withLock { $0.join.tally() }.truth.scored == 51)
        let again = try await Stage(limits, over: database)
        await again.service.save()
        #expect(again.live.withLock { $0.join.tally() }.truth.scored == 51)
        #expect(again.live.withLock { $0.join.recalls.isEmpty })
    }

    @Test("Records beyond the disk's bound stay in the sums, and what is late for them changes nothing")
    func storedBound() async throws {
        var limits = JoinLimits()
        limits.records = 16
        limits.storedRecords = 50
        let stage = try await Stage(limits)
        stage.decide(0..<100)
        await stage.service.save()
        let rows = try await stage.store.database.read {
            try $0.row("SELECT count(*) AS n FROM record")?.integer("n")
        }
        #expect(rows == 50)
        stage.say(.truth(Fixture.device), Fixture.interval("a", 0, 99, "walking"))
        stage.say(.verdict(Fixture.device, model: "activity"), Fixture.verdict(3, "walking"))
        await stage.service.save()
        let tally = stage.live.withLock { $0.join.tally() }
        #expect(tally.decisions == 100 && tally.truth.scored == 50 && tally.verdicts == 0)
    }

    @Test("Joules and bytes stand at the edge, its site, the fleet, the version and the device")
    func use() async throws {
        let stage = try await Stage()
        let edge = EdgeID(site: "home", edge: "gw-1")
        stage.say(.energy(edge), Fixture.energy(0, inferences: 0, ["compute": 1]))
        stage.decide(0..<3)
        stage.decide(0..<1, device: DeviceID(site: "home", device: "wrist-8"))
        stage.say(.energy(edge), Fixture.energy(20, inferences: 4, ["compute": 9]))
        stage.say(
            .installed(model: "activity", edge),
            InstalledMessage(t: Self.hour, state: .running, running: 1, digest: "d", bytes: 500))
        await stage.service.save()
        for subject in [FleetSubject.edge(edge), .site("home"), .fleet] {
            let all = try #require(try await stage.points(subject, model: nil, .hour).first).card
            #expect(all.joules["compute"]?.value == 8 && all.windows == 4, "\(subject)")
            #expect(all.bytes["updates"] == 500 && all.bytes["inferences"] ?? 0 > 400)
            #expect(try await stage.points(subject, .hour).first?.card.joulesPerInference?.value == 2)
        }
        #expect(try await stage.points(.version(1), .hour).first?.card.joulesPerInference?.value == 2)
        let device = try #require(try await stage.points(.device(Fixture.device), .hour).first).card
        #expect(device.joules["compute"]?.value == 6 && device.joules["compute"]?.method == .modelled)
    }

    @Test("An update leaves a receipt with what the whole student would have taken, once")
    func updates() async throws {
        let stage = try await Stage()
        let edge = EdgeID(site: "home", edge: "gw-1")
        for version in [1, 2] {
            stage.say(
                .release(model: "activity", channel: "stable"),
                ReleaseMessage(
                    t: Self.hour, model: "activity", version: version, previous: nil, digest: "d\(version)",
                    size: 9000, parameters: 4000, multiplyAccumulates: 90_000, compressedBytes: 7000, report: [:]))
            for _ in 0..<2 {
                stage.say(
                    .installed(model: "activity", edge),
                    InstalledMessage(
                        t: Self.hour, state: .running, running: version, digest: "d\(version)", method: "residual",
                        base: "d0", bytes: 900, chunks: 1, repeated: 0, seconds: 1.5))
            }
            await stage.service.save()
        }
        let updates = try await stage.queries.updates(model: "activity", limit: 10)
        #expect(updates.map(\.to) == [2, 1] && updates.map(\.from) == [1, nil])
        #expect(updates[0].fullBytes == 7000 && updates[0].bytes == 900 && updates[0].method == "residual")
        #expect(try FleetUpdate(json: updates[0].json) == updates[0])
        #expect(try await stage.queries.updates(model: "other", limit: 10).isEmpty)
        #expect(try await stage.queries.updates(model: nil, limit: 1).count == 1)
    }

    @Test("What is older than it is kept goes, device by device and resolution by resolution")
    func retention() async throws {
        let stage = try await Stage()
        stage.decide(0..<6)
        await stage.service.save()
        let subjects = stage.live.withLock { $0.join.book.subjects }
        for (number, subject) in subjects.enumerated() {
            try await stage.store.trim(Int32(number), subject.kind, now: Self.hour + 86_400)
        }
        #expect(try await stage.points(.device(Fixture.device)).isEmpty)
        #expect(try await stage.points(.device(Fixture.device), .hour).count == 1)
        #expect(try await stage.points(.fleet).count == 2)
        #expect(stage.live.withLock { $0.join.tally() }.decisions == 6)
    }

    @Test("A forgotten device is taken back, also by an aggregator that starts later, until it is heard again")
    func forgotten() async throws {
        let database = try await Database(inMemory: AggregateStore.migrations)
        let stage = try await Stage(over: database)
        stage.decide(0..<6)
        let topic = Fixture.topics.string(.deviceAvailability(Fixture.device))
        let name = Fixture.topics.string(.fleetDevice(Fixture.device))
        #expect(stage.live.withLock { $0.publications(now: Self.hour) }.contains { $0.topic == name })
        _ = stage.live.take([BusMessage(topic: topic, payload: [], retained: true)], now: Self.hour)
        let messages = stage.live.withLock { $0.publications(now: Self.hour) }
        #expect(messages.contains { $0.topic == name && $0.payload.isEmpty && $0.retained })
        await stage.service.save()
        let revived = try await Stage(over: database)
        let summary = revived.live.withLock { $0.summary(now: Self.hour) }
        #expect(summary.devices.known == 0 && summary.windows == 6)
        #expect(
            revived.live.withLock { $0.publications(now: Self.hour) }.contains {
                $0.topic == name && $0.payload.isEmpty
            })
        revived.decide(6..<7)
        #expect(
            revived.live.withLock { $0.publications(now: Self.hour) }.contains {
                $0.topic == name && !$0.payload.isEmpty
            })
    }
}
