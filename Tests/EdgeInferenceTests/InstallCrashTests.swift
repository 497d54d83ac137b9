import ModelArtifact
import Telemetry
import Testing

@testable import EdgeInference

/// The whole edge, ended at every single change that an update makes to the disk.
@Suite("An install that is cut short", .serialized) struct InstallCrashTests {
    private struct Outcome: Sendable {
        var changes = 0
        var hasStruck = false
    }

    /// Updates an edge while its disk fails at a change.
    ///
    /// - Parameters:
    ///   - students: versions that were installed before: with two both slots are full.
    ///   - meanwhile: called once it has struck.
    private func update(
        _ fixture: EdgeFixture, _ disk: FaultyDisk, _ fault: FaultyDisk.Fault, at point: Int?, students: Int,
        meanwhile: (EdgeFixture.Running) async throws -> Void = { _ in }
    ) async throws -> Outcome {
        var outcome = Outcome()
        try fixture.provisionRoot()
        try await fixture.run(["edge.probation.windows": "0"], isKilled: true, disk: disk) { edge in
            try await fixture.waitForTask(edge)
            var base: [UInt8]?
            for version in 1..<students + 1 {
                base = try await fixture.install(
                    try TinyStudent.student(weight: Int8(9 + version)), version: version, base: base)
            }
            // The end of that install: its download is gone.
            try await fixture.wait("a tidy disk") { try fixture.downloads.isEmpty }
            disk.arm(fault, at: point)
            try await fixture.offer(version: students + 1, weight: Int8(10 + students), base: base)
            try await fixture.answering {
                try await fixture.wait("version \(students + 1), or the fault at \(point ?? 0)") {
                    try disk.hasStruck
                        || (fixture.installed()?.running == students + 1 && fixture.downloads.isEmpty)
                }
                outcome = Outcome(changes: disk.changes, hasStruck: disk.hasStruck)
                if outcome.hasStruck { try await meanwhile(edge) }
            }
        }
        return outcome
    }

    private static let deaths: [(loss: FaultyDisk.Loss, students: Int)] = [
        (.nothing, 0), (.names, 0), (.nothing, 2), (.bytes, 2), (.names, 2),
    ]

    @Test(
        "Power lost at any change of the disk leaves a student that runs, and the update can be finished",
        arguments: deaths.indices)
    func death(index: Int) async throws {
        let (loss, students) = Self.deaths[index]
        // Where chunks are slow the edge notes that it asks again: one change more, which is not always there.
        var count = Int.max
        for _ in 0..<3 {
            count = min(
                count, try await update(EdgeFixture(), FaultyDisk(), .death, at: nil, students: students).changes)
        }
        print("an update on top of \(students) students changes the disk \(count) times")
        #expect(count >= 20)
        var struck = 0
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for point in 1...count {
                if point > 4, try await group.next() == true { struck += 1 }
                group.addTask {
                    let fixture = try EdgeFixture()
                    let disk = FaultyDisk()
                    let outcome = try await update(fixture, disk, .death, at: point, students: students)
                    disk.lose(loss)
                    try await finish(fixture, students: students, "at \(point), losing \(loss.rawValue)")
                    return outcome.hasStruck
                }
            }
            for try await hasStruck in group where hasStruck { struck += 1 }
        }
        #expect(struck == count)
    }

    /// Starts the edge again: what it runs first comes from the disk, and the update ends well.
    private func finish(_ fixture: EdgeFixture, students: Int, _ place: Comment) async throws {
        let known = try fixture.published(InstalledMessage.self, "model/level/installed/#").count
        try await fixture.run { edge in
            try await fixture.wait("a first word \(place)") {
                try fixture.published(InstalledMessage.self, "model/level/installed/#").count > known
            }
            let first = try fixture.published(InstalledMessage.self, "model/level/installed/#")[known]
            if students > 0 { #expect(first.running == students || first.running == students + 1, place) }
            try await fixture.answering {
                try await fixture.wait("the new version \(place)") { try fixture.installed()?.running == students + 1 }
            }
            try await fixture.wait("a tidy disk \(place)") { try fixture.downloads.isEmpty }
            #expect(try fixture.installed()?.method != nil, "its receipt is said, \(place)")
        }
    }

    @Test(
        "A disk that is full, or fails, at any change leaves the student running, and the update ends well afterwards",
        arguments: [true, false])
    func trouble(isFull: Bool) async throws {
        let fault = isFull ? FaultyDisk.Fault.full : .failure
        let count = try await update(EdgeFixture(), FaultyDisk(), fault, at: nil, students: 1).changes
        try await withThrowingTaskGroup(of: Void.self) { group in
            for point in 1...count {
                if point > 4 { try await group.next() }
                group.addTask {
                    let fixture = try EdgeFixture()
                    let disk = FaultyDisk()
                    _ = try await update(fixture, disk, fault, at: point, students: 1) { edge in
                        try await fixture.decide()
                        if isFull, disk.refused > 0, try fixture.installed()?.running == 1 {
                            try await fixture.wait("the reason, at \(point)") {
                                try fixture.installed()?.refused.contains {
                                    $0.version == 2 && $0.reason.contains("No space left on device")
                                } ?? false || fixture.installed()?.running == 2
                            }
                        }
                        disk.relieve()
                        try await fixture.wait("version 2 after trouble at \(point)") {
                            try fixture.installed()?.running == 2
                        }
                        try await fixture.decide()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(
        "On a disk that cannot be written the edge runs what is there, says why it takes no update, and takes it later")
    func readOnly() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        var base: [UInt8]?
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            base = try await fixture.install(try TinyStudent.student(), version: 1)
        }
        let disk = FaultyDisk()
        disk.arm(.readOnly, at: 1)
        // What a process before could not finish may lie there, and cannot be removed either.
        try fixture.folder.write("state/downloads/\(String(repeating: "a", count: 64)).part", [1, 2, 3])
        try await fixture.run(disk: disk) { edge in
            try await fixture.waitForSubscription(edge)
            try await fixture.decide()
            try await fixture.offer(version: 2, weight: 11, base: base)
            try await fixture.answering {
                try await fixture.wait("the reason") {
                    try fixture.installed()?.refused.contains { $0.reason.contains("Read-only file system") } ?? false
                }
            }
            #expect(try fixture.installed()?.running == 1)
            try await fixture.decide()
        }
        #expect(disk.refused > 0)
        try await fixture.run { edge in
            try await fixture.answering {
                try await fixture.wait("version 2") { try fixture.installed()?.running == 2 }
            }
        }
    }
}
