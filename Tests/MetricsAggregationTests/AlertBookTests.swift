import BusAPI
import JSON
import ServiceRuntime
import Telemetry
import Testing

@testable import MetricsAggregation

@Suite("Alerts of a fleet")
struct AlertBookTests {
    private let edge = EdgeID(site: "home", edge: "gw-1")
    private let start = 1_790_000_000.0
    private var book: AlertBook
    private var now = 1_790_000_000.0

    init() throws { book = AlertBook(settings: try Self.settings()) }

    private static func settings(_ values: [String: String] = [:]) throws -> AlertSettings {
        try AlertSettings(
            ServiceConfiguration(executable: "metrics-aggregator", keys: AlertSettings.keys, values: values))
    }

    private mutating func take(_ topic: Topic, _ payload: [UInt8], retained: Bool = false) throws {
        let message = BusMessage(topic: Fixture.topics.string(topic), payload: payload, retained: retained)
        try book.take(topic, message, now: now)
    }

    /// Lets time pass a second at a time; returns what is to be said, as the broker takes it.
    private mutating func wait(_ seconds: Int) -> [(alert: AlertID, message: AlertMessage)] {
        var said: [(alert: AlertID, message: AlertMessage)] = []
        for _ in 0..<max(1, seconds) {
            now += 1
            book.look(now: now)
            for (alert, message) in book.pending {
                said.append((alert, message))
                book.said(alert, message)
            }
        }
        return said
    }

    private mutating func status(
        _ details: JSONObject = [:], session: String = "s1", counters: [String: Int] = [:]
    ) throws {
        var all: JSONObject = ["site": .string(edge.site)]
        for (key, value) in details { all[key] = value }
        try take(
            .status(executable: "edge-inferencer", instance: edge.edge),
            StatusMessage(
                t: now, session: session, boot: "b", version: "0.1.0", host: "h", started: start, counters: counters,
                details: all
            ).payload)
    }

    private mutating func presence(_ isOnline: Bool) throws {
        try take(
            .serviceAvailability(executable: "edge-inferencer", instance: edge.edge),
            Array((isOnline ? "online" : "offline").utf8))
    }

    private mutating func installed(
        _ running: Int?, desired: Int?, state: InstalledMessage.State = .running,
        refused: [InstalledMessage.Refusal] = []
    ) throws {
        try take(
            .installed(model: "activity", edge),
            InstalledMessage(t: now, state: state, running: running, desired: desired, refused: refused).payload)
    }

    private mutating func accuracy(_ right: Int, of scored: Int, version: Int = 1) throws {
        try take(
            .accuracy(model: "activity", version: version),
            AccuracyMessage(
                t: now, from: start, to: now, basis: .truth, decisions: 1000, scored: scored, coverage: 0.5,
                accuracy: ScoreInterval(successes: right, trials: scored)
            ).payload)
    }

    @Test("An edge that is gone is raised once, and back it is resolved, whichever message comes first")
    mutating func offline() throws {
        try presence(true)
        #expect(wait(10).isEmpty)
        try presence(false)
        #expect(wait(100).isEmpty, "nobody has said yet at which site it is")
        try status()
        let raised = wait(200)
        #expect(raised.map(\.alert) == [.edgeOffline(edge)])
        let message = try #require(raised.first?.message)
        #expect(message.state == .raised && message.threshold == 60 && message.unit == "s")
        #expect(message.value.map { (60...62).contains($0) } == true && message.since == message.t)
        #expect(message.message.contains("gw-1 at home is offline: see whether it has power"))
        try presence(true)
        let resolved = wait(200)
        #expect(resolved.map(\.message.state) == [.resolved] && resolved.first?.message.since == message.since)
    }

    @Test("An edge that comes and goes is raised once and resolved once")
    mutating func flapping() throws {
        try status()
        var said: [(alert: AlertID, message: AlertMessage)] = []
        for second in 0..<1200 {
            if second % 30 == 0 { try presence(second % 60 != 0) }
            said += wait(1)
        }
        #expect(said.isEmpty, "half a minute is no outage")
        try presence(false)
        said += wait(100)
        for second in 0..<1200 {
            if second % 30 == 0 { try presence(second % 60 != 0) }
            said += wait(1)
        }
        try presence(true)
        said += wait(100)
        #expect(said.map(\.message.state) == [.raised, .resolved])
    }

    @Test("Accuracy is raised by its interval: not from twelve labels, not by a value that may be chance")
    mutating func accuracy() throws {
        try installed(1, desired: 1)
        try accuracy(0, of: 12)
        #expect(wait(300).isEmpty, "twelve labels say nothing")
        try accuracy(96, of: 200)
        #expect(wait(300).isEmpty, "48 % of 200 may well be above 50 %")
        try accuracy(80, of: 200)
        let raised = wait(300)
        #expect(raised.map(\.alert) == [.accuracyBelowGuard(model: "activity", version: 1)])
        #expect(raised.first?.message.value.map { (0.46...0.48).contains($0) } == true)
        #expect(raised.first?.message.threshold == 0.5)
        try accuracy(1010, of: 2100)
        #expect(wait(300).isEmpty, "its upper end is above the guard, and not yet by the margin")
        try accuracy(1200, of: 2300)
        #expect(wait(300).map(\.message.state) == [.resolved])
    }

    @Test("A model has its own guard, and a version that no edge runs matters to nobody")
    mutating func versions() throws {
        book = AlertBook(settings: try Self.settings(["alerts.accuracy.guards": "activity=0.9, wrist=0.2"]))
        try accuracy(150, of: 200)
        #expect(wait(300).isEmpty, "no edge runs it")
        try installed(1, desired: 1)
        #expect(wait(300).map(\.message.threshold) == [0.9])
        try installed(2, desired: 2)
        let resolved = wait(1)
        #expect(resolved.map(\.message.state) == [.resolved])
        #expect(resolved.first?.message.message.contains("no edge runs it any more") == true)
        #expect(throws: ConfigurationError.self) { try Self.settings(["alerts.accuracy.guards": "activity"]) }
        #expect(throws: ConfigurationError.self) { try Self.settings(["alerts.battery.percent": "-1"]) }
    }

    @Test("An update that is refused is raised with its reason, one that takes long only if the edge is there")
    mutating func updates() throws {
        try status()
        try presence(true)
        try installed(1, desired: 2, state: .downloading)
        #expect(wait(800).isEmpty)
        try presence(false)
        #expect(wait(2000).allSatisfy { $0.alert.kind == .edgeOffline }, "an edge that is away installs nothing")
        try presence(true)
        let late = wait(1000).filter { $0.alert.kind == .updateFailing }
        #expect(late.map(\.alert) == [.updateFailing(model: "activity", edge)])
        #expect(late.first?.message.message.contains("still runs version 1 (downloading)") == true)
        try installed(2, desired: 2)
        #expect(wait(100).map(\.message.state) == [.resolved])
        try installed(2, desired: 3, state: .refused, refused: [.init(version: 3, reason: "golden vectors differ")])
        let refused = wait(5)
        #expect(refused.map(\.message.state) == [.raised])
        #expect(refused.first?.message.message.contains("golden vectors differ") == true)
    }

    @Test(
        "A spool is raised when it is half full, and resolved when a quarter is left; without a limit nothing is said")
    mutating func spool() throws {
        func fill(_ bytes: Int64, _ book: inout Self) throws {
            try book.status(["spool": .object(["bytes": .integer(bytes), "limit": .integer(1000)])])
        }
        try status(["spool": .object(["bytes": .integer(900)])])
        #expect(wait(10).isEmpty)
        try fill(499, &self)
        #expect(wait(10).isEmpty)
        try fill(500, &self)
        #expect(wait(10).map(\.alert) == [.spoolFilling(edge)])
        try fill(300, &self)
        #expect(wait(1000).isEmpty)
        try fill(250, &self)
        #expect(wait(100).map(\.message.state) == [.resolved])
    }

    @Test("A battery is raised by its charge or by the days left, and a device that is forgotten resolves it")
    mutating func battery() throws {
        let device = Fixture.device
        func charge(_ percent: Double, _ days: Double? = nil, _ book: inout Self) throws {
            let battery = DeviceMessage.Battery(percent: percent, percentPerDay: nil, daysLeft: days)
            try book.take(
                .device(device), DeviceMessage(t: book.now, edge: "gw-1", name: "W", battery: battery).payload)
        }
        try charge(21, nil, &self)
        #expect(wait(10).isEmpty)
        try charge(20, nil, &self)
        #expect(wait(10).map(\.alert) == [.batteryLow(device)])
        try charge(24, nil, &self)
        #expect(wait(500).isEmpty)
        try charge(26, nil, &self)
        #expect(wait(100).map(\.message.state) == [.resolved])
        try charge(60, 2, &self)
        #expect(wait(10).first?.message.message.contains("60 %, 2 days left at its pace") == true)
        try take(.device(device), [])
        #expect(wait(1).map(\.message.state) == [.resolved])
    }

    private mutating func gates(_ windows: Int, _ uncertain: Int, session: String = "s1", version: Int = 7) throws {
        let gate: JSONValue = .object([
            "version": .integer(Int64(version)), "windows": .integer(Int64(windows)),
            "uncertain": .integer(Int64(uncertain)),
        ])
        try status(["gates": .object(["activity": gate])], session: session)
    }

    @Test("Drift is a student that has become less sure than before, beyond chance and for a while")
    mutating func drift() throws {
        var (windows, uncertain) = (0, 0)
        /// A status every five seconds, with ten windows each.
        func play(_ statuses: Int, share: Double, _ book: inout Self) throws -> [AlertMessage] {
            var said: [AlertMessage] = []
            for _ in 0..<statuses {
                windows += 10
                uncertain += Int((Double(windows) * share).rounded()) - Int((Double(windows - 10) * share).rounded())
                try book.gates(windows, uncertain)
                said += book.wait(5).map(\.message)
            }
            return said
        }
        #expect(try play(60, share: 0.1, &self).isEmpty)
        #expect(try play(60, share: 0.13, &self).isEmpty, "a little more is no drift")
        let raised = try play(60, share: 0.5, &self)
        #expect(raised.map(\.state) == [.raised])
        #expect(raised.first?.threshold.map { (0.2...0.3).contains($0) } == true, "\(raised)")
        #expect(raised.first?.message.contains("version 7 of activity on gw-1 at home is unsure of") == true)
        #expect(try play(300, share: 0.5, &self).isEmpty, "what lasts does not become the rule")
        #expect(try play(100, share: 0.1, &self).map(\.state) == [.resolved])
    }

    @Test("A new version and a new process begin without a past")
    mutating func newPast() throws {
        for step in 1...100 { try gates(step * 10, step) }
        for step in 1...100 {
            try gates(step * 10, step * 8, version: 8)
            #expect(wait(5).isEmpty)
        }
        for step in 1...100 {
            try gates(step * 10, step, session: "s2", version: 8)
            #expect(wait(5).isEmpty)
        }
    }

    @Test("An alert retained before a restart stands on, is not raised again, and is resolved when it is right")
    mutating func restart() throws {
        try status()
        try presence(false)
        let raised = try #require(wait(100).first)
        book = AlertBook(settings: try Self.settings())
        try take(.alert(raised.alert), raised.message.payload, retained: true)
        try status()
        try presence(false)
        #expect(wait(600).isEmpty && book.standing == [.edgeOffline: 1])
        try presence(true)
        let resolved = wait(100)
        #expect(resolved.map(\.message.state) == [.resolved] && resolved.first?.message.since == raised.message.since)
        // A resolved alert is not retained, and what was right stays silent.
        book = AlertBook(settings: try Self.settings())
        try status()
        try presence(true)
        #expect(wait(600).isEmpty && book.entries.isEmpty)
    }

    @Test("An alert of something that is never heard of again is resolved")
    mutating func orphan() throws {
        let message = AlertMessage(t: now, state: .raised, since: start, message: "m")
        try take(.alert(.edgeOffline(edge)), message.payload, retained: true)
        #expect(wait(50).isEmpty)
        #expect(wait(20).map(\.message.state) == [.resolved])
        try take(.alert(.edgeOffline(edge)), message.payload, retained: true)
        #expect(wait(1).map(\.message.state) == [.resolved], "a broker that kept it is told again")
    }

    @Test("A broker that was away is told what stands, and what was not said stays to be said")
    mutating func broker() throws {
        try status()
        try presence(false)
        now += 100
        book.look(now: now)
        #expect(book.pending.count == 1, "nobody has taken it")
        #expect(wait(1).count == 1 && wait(100).isEmpty)
        book.repeatStanding()
        #expect(wait(1).map(\.message.state) == [.raised])
    }

    @Test("A status that is taken back takes the edge's alerts with it")
    mutating func forgotten() throws {
        try status(["spool": .object(["bytes": .integer(900), "limit": .integer(1000)])])
        try presence(false)
        #expect(wait(100).count == 2)
        try take(.status(executable: "edge-inferencer", instance: edge.edge), [])
        #expect(wait(1).map(\.message.state) == [.resolved, .resolved])
    }

    @Test("Messages that cannot be read change nothing")
    mutating func malformed() throws {
        for topic: Topic in [
            .status(executable: "edge-inferencer", instance: "gw-1"), .installed(model: "m", edge),
            .alert(.drift(model: "m", edge)),
            .accuracy(model: "m", version: 1), .device(Fixture.device),
        ] {
            #expect(throws: JSONError.self) { try take(topic, Array("{".utf8), retained: true) }
        }
        #expect(book.entries.isEmpty && wait(10).isEmpty)
    }
}
