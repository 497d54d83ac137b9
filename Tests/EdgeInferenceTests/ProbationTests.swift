import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("What a new student has to prove") struct ProbationTests {
    private static let limits = Probation.Limits(windows: 4, latencyFactor: 10, confidenceLoss: 0.2)

    private func run(
        _ pairs: [(new: (Double?, Double)?, old: (Double?, Double)?)], _ limits: Probation.Limits = limits
    ) -> [Probation.Verdict?] {
        var probation = Probation(limits)
        return pairs.map { pair in
            probation.note(
                new: pair.new.map { .init(confidence: $0.0, microseconds: $0.1) },
                old: pair.old.map { .init(confidence: $0.0, microseconds: $0.1) })
        }
    }

    @Test("A student that does as well is proven after the windows it was given, and not before")
    func proven() {
        let pair = (new: (0.7, 30.0) as (Double?, Double)?, old: (0.85, 5.0) as (Double?, Double)?)
        #expect(run([pair, pair, pair, pair]) == [nil, nil, nil, .proven])
        // One that is more sure is no worse.
        let surer = (new: (1.0, 5.0) as (Double?, Double)?, old: (0.3, 5.0) as (Double?, Double)?)
        #expect(run([surer, surer, surer, surer]).last == .proven)
        // A number has no confidence.
        let number = (new: (nil, 5.0) as (Double?, Double)?, old: (nil, 5.0) as (Double?, Double)?)
        #expect(run([number, number, number, number]).last == .proven)
    }

    @Test("One window that only the new student fails on ends it; one that both fail on says nothing")
    func errors() {
        let fine = (new: (0.9, 5.0) as (Double?, Double)?, old: (0.9, 5.0) as (Double?, Double)?)
        let bad = (new: nil as (Double?, Double)?, old: (0.9, 5.0) as (Double?, Double)?)
        let both = (new: nil as (Double?, Double)?, old: nil as (Double?, Double)?)
        let verdicts = run([fine, both, bad])
        #expect(verdicts[1] == nil)
        guard case .failed(let reason) = verdicts[2] else {
            Issue.record("not failed")
            return
        }
        #expect(reason.contains("failed on a window"))
    }

    @Test("A student that is slower by far loses its place, unless it is fast enough for any sensor")
    func latency() {
        func verdict(_ new: Double, _ old: Double) -> Probation.Verdict? {
            let pair = (new: (0.9, new) as (Double?, Double)?, old: (0.9, old) as (Double?, Double)?)
            return run([pair, pair, pair, pair]).last ?? nil
        }
        #expect(verdict(900, 1) == .proven)
        #expect(verdict(5000, 600) == .proven)
        #expect(
            verdict(6100, 600)
                == .failed(reason: "a window takes it 6100 µs; the student before takes 600 µs"))
        // One slow window is the machine's doing.
        let pairs = [90_000.0, 50, 90_000, 90_000].map {
            (new: (0.9, $0) as (Double?, Double)?, old: (0.9, 40) as (Double?, Double)?)
        }
        #expect(run(pairs).last == .proven)
    }

    @Test("A student that is less sure by far loses its place")
    func confidence() {
        let pair = (new: (0.55, 5.0) as (Double?, Double)?, old: (0.9, 5.0) as (Double?, Double)?)
        #expect(
            run([pair, pair, pair, pair]).last
                == .failed(reason: "its mean confidence on 4 windows is 55 %; that of the student before is 90 %"))
    }
}

/// A new student on a running edge: beside the one before, back to it, and over restarts.
@Suite("A student on probation", .serialized) struct StudentOnProbationTests {
    private static let settings = ["edge.probation.windows": "6"]

    /// Runs version 1, then has version 2 come: one that is much less sure, or one that is as good.
    private func update(_ fixture: EdgeFixture, _ edge: EdgeFixture.Running, weight: Int8) async throws {
        try await fixture.waitForTask(edge)
        let base = try await fixture.install(try TinyStudent.student(), version: 1)
        try await fixture.offer(version: 2, weight: weight, base: base)
        try await fixture.answering {
            try await fixture.wait("version 2") { try fixture.installed()?.running == 2 }
        }
        #expect(try fixture.installed()?.isOnProbation == true)
    }

    @Test("One that is less sure by far goes back by itself; no window is lost, and the reason is said and remembered")
    func goesBack() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(Self.settings) { edge in
            try await update(fixture, edge, weight: 1)
            try await fixture.telemetry("train-1", second: 0, level: 1, count: 8)
            try await fixture.wait("version 1 again") { try fixture.installed()?.running == 1 }
            try await fixture.wait("all decisions") { try fixture.inferences.count == 15 }
            // The sixth window is the old student's already.
            #expect(try fixture.inferences.map(\.version) == [2, 2, 2, 2, 2] + Array(repeating: 1, count: 10))
            let installed = try #require(try fixture.installed())
            #expect(installed.state == .refused && installed.desired == 2 && !installed.isOnProbation)
            #expect(installed.refused.last?.version == 2)
            #expect(installed.refused.last?.reason.contains("mean confidence on 6 windows") == true)
            #expect(edge.board.counters["returns"] == 1)
            #expect(edge.board.details["models"]?.object?["level"]?.integer == 1)
        }
        // The same release is still signed and offered; another process does not fall for it again.
        try await fixture.run(Self.settings) { edge in
            try await fixture.answering {
                try await fixture.wait("the refusal") {
                    let installed = try fixture.installed()
                    return installed?.state == .refused && installed?.desired == 2
                }
                #expect(try fixture.installed()?.running == 1)
                #expect(edge.board.counters["installs"] == nil)
                // Another version is a new chance.
                let third = try TinyStudent.student(weight: 12).encode()
                fixture.registry.remove(path: "students/level/2.safetensors")
                try await fixture.release(third, version: 3, base: try TinyStudent.student().encode())
                try await fixture.wait("version 3") { try fixture.installed()?.running == 3 }
            }
        }
    }

    @Test("One that does as well is proven, and a process that starts on probation goes on with it")
    func proven() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(Self.settings, isKilled: true) { edge in try await update(fixture, edge, weight: 11) }
        try await fixture.run(Self.settings) { edge in
            try await fixture.waitForSubscription(edge)
            #expect(try fixture.installed()?.isOnProbation == true)
            try await fixture.telemetry("train-1", second: 0, level: 1, count: 8)
            try await fixture.wait("the proof") { try fixture.installed()?.isOnProbation == false }
            #expect(try fixture.installed()?.running == 2 && fixture.inferences.allSatisfy { $0.version == 2 })
        }
        try await fixture.run(Self.settings) { edge in
            try await fixture.waitForSubscription(edge)
            #expect(try fixture.installed()?.isOnProbation == false)
        }
    }

    @Test("One that takes its process down again and again is given up for the one before")
    func crashes() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(Self.settings, isKilled: true) { edge in try await update(fixture, edge, weight: 11) }
        for start in 1...4 {
            try await fixture.run(Self.settings, isKilled: true) { edge in
                try await fixture.waitForSubscription(edge)
                try await fixture.wait("start \(start)") {
                    edge.board.details["models"]?.object?["level"]?.integer == (start < 4 ? 2 : 1)
                }
            }
        }
        let installed = try #require(try fixture.installed())
        #expect(installed.running == 1)
        #expect(installed.refused.contains { $0.version == 2 && $0.reason.contains("started 3 times") })
    }

    @Test("A third version that comes meanwhile takes the place of the unproven one; the proven one stays")
    func third() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(Self.settings) { edge in
            try await update(fixture, edge, weight: 11)
            let second = try TinyStudent.student(weight: 11).encode()
            fixture.registry.remove(path: "students/level/2.safetensors")
            try await fixture.answering {
                try await fixture.release(try TinyStudent.student(weight: 1).encode(), version: 3, base: second)
                try await fixture.wait("version 3") { try fixture.installed()?.running == 3 }
            }
            #expect(try fixture.installed()?.previous == 1)
            try await fixture.telemetry("train-1", second: 0, level: 1, count: 8)
            try await fixture.wait("version 1 again") { try fixture.installed()?.running == 1 }
        }
    }

    @Test("A roll-back to the student in the other slot needs no download, and no probation")
    func rollback() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(Self.settings) { edge in
            try await update(fixture, edge, weight: 11)
            let first = try TinyStudent.student().encode()
            let needs = try fixture.needs.count
            fixture.registry.remove(path: "students/level/2.safetensors")
            fixture.registry.add(TinyRegistry.target(first, version: 1, isRollback: true))
            try await fixture.registry.sign()
            try await fixture.wait("version 1") { try fixture.installed()?.running == 1 }
            let installed = try #require(try fixture.installed())
            #expect(installed.state == .running && installed.method == "kept" && installed.bytes == 0)
            #expect(installed.previous == 2 && !installed.isOnProbation && installed.refused.isEmpty)
            #expect(try fixture.needs.count == needs)
            try await fixture.telemetry("train-1", second: 0, level: 1)
            try await fixture.wait("a decision") { try fixture.inferences.last?.version == 1 }
        }
    }

    @Test("A switch loses no window, doubles none, and every window is decided by one whole student")
    func switching() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(["edge.probation.windows": "0"]) { edge in
            try await fixture.waitForTask(edge)
            var base = try await fixture.install(try TinyStudent.student(), version: 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for second in 0..<400 {
                        try await fixture.telemetry("train-1", second: second, level: second % 2 == 0 ? 1 : -1)
                        if second % 4 == 0 { try await Task.sleep(for: .milliseconds(1)) }
                    }
                }
                try await fixture.answering {
                    for version in 2...6 {
                        fixture.registry.remove(path: "students/level/\(version - 1).safetensors")
                        let file = try TinyStudent.student(weight: Int8(10 + version)).encode()
                        try await fixture.release(file, version: version, base: base)
                        try await fixture.wait("version \(version)") { try fixture.installed()?.running == version }
                        base = file
                    }
                }
                try await group.waitForAll()
            }
            try await fixture.wait("all windows") { try fixture.inferences.count == 799 }
            let inferences = try fixture.inferences
            #expect(
                inferences.map(\.window)
                    == (0..<799).map {
                        WindowID(device: "train-1", start: TestClock.start + Double($0) / 2).description
                    })
            let versions = inferences.map(\.version)
            #expect(versions == versions.sorted() && Set(versions).isSubset(of: Set(1...6)) && versions.last == 6)
            // Each decision is what the student of its version decides when asked alone.
            for (index, inference) in inferences.enumerated() where index % 2 == 0 {
                let weight = Int8(inference.version == 1 ? 10 : 10 + inference.version)
                let runner = try StudentRunner(
                    student: TinyStudent.student(weight: weight), version: inference.version, digest: "")
                let level: Float = index / 2 % 2 == 0 ? 1 : -1
                let alone = try runner.run((0..<10).flatMap { _ in [level, 0] }).decision
                guard case .label(let label, _, let confidence) = inference.decision,
                    case .label(let expected, _, let exact) = alone
                else {
                    Issue.record("no label")
                    return
                }
                // What is published is rounded.
                #expect(label == expected && abs(confidence - exact) < 1e-4, "\(index)")
            }
        }
    }
}
