import Telemetry
import Testing

@testable import MetricsAggregation

@Suite struct DecisionJoinTests {
    @Test("A window counts once, however often its decision comes and in whatever order")
    func duplicates() throws {
        var join = DecisionJoin()
        #expect(try join.take(Fixture.inference(1, "walking")) == .counted)
        #expect(try join.take(Fixture.inference(0, "walking")) == .counted)
        var resent = Fixture.inference(1, "walking")
        resent.resent = true
        #expect(try join.take(resent) == .duplicate)
        #expect(join.tally().decisions == 2)
        #expect(join.deviceTally.decisions == 2)
    }

    @Test("A higher revision replaces the decision, and the student keeps its own score")
    func revision() throws {
        var join = DecisionJoin()
        _ = try join.take(Fixture.interval("a", 0, 1, "walking"))
        #expect(try join.take(Fixture.inference(0, "sitting", confidence: 0.4)) == .counted)
        #expect(
            try join.take(Fixture.inference(0, "walking", confidence: 0.95, revision: 1, by: .cloud)) == .replaced)
        let tally = join.tally()
        #expect(tally.decisions == 1)
        #expect(tally.byCloud == 1)
        #expect(tally.truth.scored == 1 && tally.truth.correct == 0)
        #expect(tally.truth.finalScored == 1 && tally.truth.finalCorrect == 1)
        #expect(join.series[0].last?.answer == .label(try #require(join.names.known("walking"))))
        #expect(try join.take(Fixture.inference(0, "walking", revision: 1, by: .cloud)) == .duplicate)
        #expect(join.tally() == tally)
    }

    @Test("The edge's decision after the cloud's gives the same counts as before it")
    func revisionsInDisorder() throws {
        var ordered = DecisionJoin()
        var disordered = DecisionJoin()
        let first = Fixture.inference(0, "sitting")
        let second = Fixture.inference(0, "walking", revision: 1, by: .cloud)
        for join in [0, 1] {
            let truth = Fixture.interval("a", 0, 1, "walking")
            if join == 0 {
                _ = try ordered.take(truth)
                _ = try ordered.take(first)
                _ = try ordered.take(second)
            } else {
                _ = try disordered.take(truth)
                _ = try disordered.take(second)
                #expect(try disordered.take(first) == .replaced)
            }
        }
        #expect(ordered.tally().truth.scored == disordered.tally().truth.scored)
        #expect(ordered.tally().truth.finalCorrect == disordered.tally().truth.finalCorrect)
        #expect(disordered.tally().truth.correct == 0)
        #expect(disordered.tally().decisions == 1)
    }

    @Test("A truth that comes late scores the windows it covers wholly; those it covers in part are mixed")
    func lateTruth() throws {
        var join = DecisionJoin()
        for index in 0..<10 { _ = try join.take(Fixture.inference(index, index < 5 ? "walking" : "sitting")) }
        #expect(join.tally().truth.scored == 0)
        #expect(try join.take(Fixture.interval("a", 2, 6, "walking")) == .counted)
        let tally = join.tally().truth
        #expect(tally.scored == 5)
        #expect(tally.correct == 3)
        // Windows overlap by half: one before and one after.
        #expect(tally.mixed == 2)
        #expect(join.tally().label.scored == 0)
    }

    @Test("A correction scores again, an older word on the same id does not, and a withdrawal leaves nothing")
    func corrections() throws {
        var join = DecisionJoin()
        for index in 0..<4 { _ = try join.take(Fixture.inference(index, "walking")) }
        _ = try join.take(Fixture.interval("a", 0, 3, "sitting", t: 1_790_000_001))
        #expect(join.tally().truth.correct == 0)
        #expect(try join.take(Fixture.interval("a", 0, 3, "walking", t: 1_790_000_002)) == .replaced)
        #expect(join.tally().truth.correct == 4)
        #expect(try join.take(Fixture.interval("a", 0, 3, "sitting", t: 1_790_000_001)) == .late)
        #expect(join.tally().truth.correct == 4)
        #expect(try join.take(Fixture.interval("a", 0, 3, nil, t: 1_790_000_003)) == .replaced)
        #expect(join.tally().truth == BasisTally())
        #expect(join.tally().decisions == 4)
        // A copy of the correction, still on its way, must not bring it back.
        #expect(try join.take(Fixture.interval("a", 0, 3, "walking", t: 1_790_000_002)) == .late)
        #expect(join.tally().truth.scored == 0)
    }

    @Test("A correction that moves the interval frees the windows it covered before")
    func movedInterval() throws {
        var join = DecisionJoin()
        for index in 0..<20 { _ = try join.take(Fixture.inference(index, "walking")) }
        _ = try join.take(Fixture.interval("a", 0, 3, "walking"))
        _ = try join.take(Fixture.interval("a", 10, 15, "walking", t: Fixture.now + 1))
        #expect(join.tally().truth.scored == 6)
        #expect(join.series[0].records[0].truth == .none)
        #expect(join.series[0].records[12].truth == .label(try #require(join.names.known("walking"))))
    }

    @Test("Of two intervals that cover a window the later word counts")
    func contradiction() throws {
        var join = DecisionJoin()
        _ = try join.take(Fixture.inference(2, "walking"))
        _ = try join.take(Fixture.interval("b", 0, 8, "walking", t: Fixture.now + 5))
        _ = try join.take(Fixture.interval("a", 1, 4, "sitting", t: Fixture.now))
        #expect(join.tally().truth.correct == 1)
        _ = try join.take(Fixture.interval("b", 0, 8, nil, t: Fixture.now + 6))
        #expect(join.tally().truth.scored == 1 && join.tally().truth.correct == 0)
    }

    @Test("Teacher and student are scored on the same windows")
    func teacher() throws {
        var join = DecisionJoin()
        _ = try join.take(Fixture.interval("a", 0, 9, "walking"))
        for index in 0..<10 { _ = try join.take(Fixture.inference(index, index < 6 ? "walking" : "sitting")) }
        // Verdicts on 4...9, one of them before its decision is known elsewhere: right on all but 9.
        for index in 4..<10 { _ = try join.take(Fixture.verdict(index, index == 9 ? "sitting" : "walking")) }
        let tally = join.tally()
        #expect(tally.truth.teacherScored == 6)
        #expect(tally.truth.teacherCorrect == 5)
        #expect(tally.truth.studentCorrectThere == 2)
        #expect(tally.verdicts == 6 && tally.agreements == 3)
        #expect(try join.take(Fixture.verdict(4, "walking")) == .duplicate)
        #expect(join.tally() == tally)
    }

    @Test("A verdict before its decision waits for it, and is no decision")
    func earlyVerdict() throws {
        var join = DecisionJoin()
        _ = try join.take(Fixture.interval("a", 0, 0, "walking"))
        #expect(try join.take(Fixture.verdict(0, "walking")) == .counted)
        #expect(join.versions.isEmpty)
        #expect(try join.take(Fixture.inference(0, "sitting")) == .counted)
        #expect(join.tally().truth.teacherCorrect == 1)
        #expect(join.tally().decisions == 1)
    }

    @Test("Labels and truths never mix")
    func bases() throws {
        var join = DecisionJoin()
        _ = try join.take(Fixture.inference(0, "walking"))
        _ = try join.take(Fixture.interval("a", 0, 0, "walking"), .label)
        #expect(join.tally().label.correct == 1)
        #expect(join.tally().truth.scored == 0)
        _ = try join.take(Fixture.interval("a", 0, 0, "sitting"), .truth)
        #expect(join.tally().truth.scored == 1 && join.tally().truth.correct == 0)
        #expect(join.tally().label.correct == 1)
    }

    @Test("A label that a model's task does not know is none of its business")
    func otherTasksLabels() throws {
        var join = DecisionJoin()
        _ = try join.take(Fixture.inference(0, "walking"), "activity")
        _ = try join.take(Fixture.inference(0, "worn"), "bearing")
        _ = try join.take(Fixture.interval("a", 0, 0, "worn"))
        #expect(join.tally(1, "activity").truth.scored == 1)
        join.setLabels(["walking", "sitting"], model: "activity")
        #expect(join.tally(1, "activity").truth.scored == 0)
        #expect(join.tally(1, "bearing").truth.correct == 1)
        _ = try join.take(Fixture.interval("b", 0, 0, "walking"))
        #expect(join.tally(1, "activity").truth.correct == 1)
    }

    @Test("Regression is scored by its errors")
    func regression() throws {
        var join = DecisionJoin()
        for (index, value) in [10.0, 14, 8].enumerated() { _ = try join.take(Fixture.estimate(index, value)) }
        let truth = LabelMessage(
            t: Fixture.now, id: "a", from: Fixture.start, to: Fixture.start + 100, content: .value(10))
        _ = try join.take(truth)
        let tally = join.tally().truth
        #expect(tally.scored == 3)
        #expect(tally.errors.errors(unit: "ppm")?.meanAbsolute == 2)
        #expect(abs(try #require(tally.errors.errors(unit: nil)?.rootMeanSquare) - (20.0 / 3).squareRoot()) < 1e-12)
    }

    @Test("Of two edges on one device the lower name counts, whichever comes first")
    func conflict() throws {
        for edges in [["gw-1", "gw-2"], ["gw-2", "gw-1"]] {
            var join = DecisionJoin()
            for edge in edges {
                _ = try join.take(Fixture.inference(0, edge == "gw-1" ? "walking" : "sitting", edge: edge))
            }
            #expect(join.tally().decisions == 1)
            #expect(join.series[0].records[0].student == .label(try #require(join.names.known("walking"))))
        }
    }

    @Test("Records beyond the bound are left to the disk: their counts stay, and their copies are late")
    func sealing() throws {
        var limits = JoinLimits()
        limits.records = 64
        var join = DecisionJoin(limits: limits)
        _ = try join.take(Fixture.interval("a", 0, 999, "walking"))
        for index in 0..<500 {
            _ = try join.take(Fixture.inference(index, index % 4 == 0 ? "sitting" : "walking"))
            join.settle()
        }
        #expect(join.recordCount <= 64)
        #expect(join.tally().decisions == 500)
        #expect(join.tally().truth.correct == 375)
        #expect(try join.take(Fixture.inference(3, "walking")) == .late)
        // Those that add something wait for the record to be read.
        #expect(try join.take(Fixture.inference(3, "walking", revision: 1)) == .recalled)
        #expect(try join.take(Fixture.verdict(3, "walking")) == .recalled)
        #expect(try join.take(Fixture.inference(499, "walking")) == .duplicate)
        #expect(join.tally().decisions == 500)
        // A correction reaches the windows whose records are held at once, and asks for the others.
        _ = try join.take(Fixture.interval("a", 0, 999, nil, t: Fixture.now + 1))
        #expect(join.tally().truth.scored == 500 - join.recordCount)
        #expect(join.recalls.count == 3)
    }

    @Test("Records are left to the disk when they are too old")
    func sealingByAge() throws {
        var limits = JoinLimits()
        limits.seconds = 60
        var join = DecisionJoin(limits: limits)
        _ = try join.take(Fixture.inference(0, "walking"))
        join.settle(now: Fixture.now + 59)
        #expect(join.recordCount == 1)
        join.settle(now: Fixture.now + 61)
        #expect(join.recordCount == 0)
        #expect(join.tally().decisions == 1)
    }

    @Test("A device that says more than it may keeps its newest intervals")
    func intervalBound() throws {
        var limits = JoinLimits()
        limits.intervals = 32
        var join = DecisionJoin(limits: limits)
        for index in 0..<200 { _ = try join.take(Fixture.interval("i\(index)", index, index, "walking")) }
        _ = try join.take(Fixture.inference(199, "walking"))
        _ = try join.take(Fixture.inference(0, "walking"))
        #expect(join.intervals.values.allSatisfy { $0.intervals.count <= 32 })
        #expect(join.tally().truth.scored == 1)
    }

    @Test("Any order of the same messages gives the same counts", arguments: 1...20)
    func anyOrder(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        enum Word {
            case inference(InferenceMessage)
            case verdict(VerdictMessage)
            case label(LabelMessage)
        }
        let labels = ["walking", "sitting", "running"]
        var words: [Word] = []
        for index in 0..<60 {
            words.append(.inference(Fixture.inference(index, labels[index % 3], confidence: 0.6)))
            if index % 4 == 0 {
                words.append(.inference(Fixture.inference(index, labels[index % 2], revision: 1, by: .cloud)))
            }
            if index % 3 == 0 { words.append(.verdict(Fixture.verdict(index, labels[index % 2]))) }
        }
        for (number, first) in stride(from: 0, to: 60, by: 12).enumerated() {
            words.append(.label(Fixture.interval("a\(number)", first, first + 11, labels[number % 3])))
        }
        func counts(_ words: [Word]) throws -> Tally {
            var join = DecisionJoin()
            // Classes are counted by number: the same numbers whatever comes first.
            for label in labels { _ = join.names.index(label) }
            for word in words {
                switch word {
                case .inference(let message): _ = try join.take(message)
                case .verdict(let message): _ = try join.take(message)
                case .label(let message): _ = try join.take(message)
                }
            }
            return join.tally()
        }
        let expected = try counts(words)
        #expect(expected.truth.scored == 60 - expected.truth.mixed)
        let shuffled = words.shuffled(using: &generator)
        // Every message may also come twice.
        #expect(try counts(shuffled) == expected)
        #expect(try counts(shuffled + words.shuffled(using: &generator)) == expected)
    }
}

/// SplitMix64, so that shuffles repeat.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
