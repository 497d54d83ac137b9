#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("Slots damaged at rest, and real disks", .serialized) struct DamagedDiskTests {
    /// Runs an edge until version 2 stands in one slot and version 1 in the other.
    private func prepare(_ fixture: EdgeFixture) async throws -> SlotJournal {
        try fixture.provisionRoot()
        try await fixture.run(["edge.probation.windows": "0"]) { edge in
            try await fixture.waitForTask(edge)
            let base = try await fixture.install(try TinyStudent.student(), version: 1)
            try await fixture.install(try TinyStudent.student(weight: 11), version: 2, base: base)
        }
        let slots = try fixture.folder.directory.folder("state").folder("slots")
        return try #require(try SlotStore(model: "level", root: slots).journal)
    }

    /// What may have become of the files, and what runs from disk then.
    private static let damages: [(name: String, spoil: @Sendable (String, SlotJournal) -> Void, running: Int?)] = [
        ("a bit of the active student flipped", { flip("\($0)/\($1.active.rawValue).safetensors") }, 1),
        ("the active student gone", { unlink("\($0)/\($1.active.rawValue).safetensors") }, 1),
        ("the active student cut off", { truncate("\($0)/\($1.active.rawValue).safetensors", 200) }, 1),
        ("the other student flipped", { flip("\($0)/\($1.active.other.rawValue).safetensors") }, 2),
        ("the journal gone", { folder, _ in unlink("\(folder)/journal.json") }, nil),
        ("the journal cut off", { folder, _ in truncate("\(folder)/journal.json", 40) }, 2),
        ("the journal flipped", { folder, _ in flip("\(folder)/journal.json") }, 2),
        ("leftovers of a write", { folder, _ in RawFile.write("\(folder)/journal.json.new", [1, 2]) }, 2),
        (
            "both students flipped",
            { folder, _ in for slot in ["a", "b"] { flip("\(folder)/\(slot).safetensors") } }, nil
        ),
    ]

    private static func flip(_ path: String) {
        guard var bytes = RawFile.bytes(path) else { return }
        bytes[bytes.count / 2] ^= 0x10
        RawFile.write(path, bytes)
    }

    @Test(
        "A damaged slot or journal never runs; another student does, the edge says why, and mends it",
        arguments: damages.indices)
    func damage(index: Int) async throws {
        let (name, spoil, running) = Self.damages[index]
        let fixture = try EdgeFixture()
        let journal = try await prepare(fixture)
        spoil("\(fixture.folder.path)/state/slots/level", journal)
        let known = try fixture.published(InstalledMessage.self, "model/level/installed/#").count
        try await fixture.run { edge in
            try await fixture.wait("a first word: \(name)") {
                try fixture.published(InstalledMessage.self, "model/level/installed/#").count > known
            }
            let first = try fixture.published(InstalledMessage.self, "model/level/installed/#")[known]
            #expect(first.running == running, "\(name)")
            if running == 1 {
                #expect(first.refused.contains { $0.version == 2 && $0.reason.contains("slot") }, "\(name)")
                #expect(edge.board.counters["slotsDamaged"] == 1, "\(name)")
            }
            try await fixture.offer(version: 2, weight: 11, base: try TinyStudent.student().encode())
            try await fixture.answering {
                try await fixture.wait("version 2: \(name)") { try fixture.installed()?.running == 2 }
            }
        }
        let slots = try fixture.folder.directory.folder("state").folder("slots")
        let store = try SlotStore(model: "level", root: slots)
        let active = try #require(store.journal?.active ?? (running == 2 ? journal.active : nil), "\(name)")
        if store.journal != nil { #expect(try store.load(active).entry.version == 2, "\(name)") }
    }

    @Test("An update whose base was damaged while it ran takes the whole file, and says so")
    func damagedBase() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            let base = try await fixture.install(try TinyStudent.student(), version: 1)
            Self.flip("\(fixture.folder.path)/state/slots/level/a.safetensors")
            try await fixture.offer(version: 2, weight: 11, base: base)
            try await fixture.answering {
                try await fixture.wait("version 2") { try fixture.installed()?.running == 2 }
            }
            let installed = try #require(try fixture.installed())
            #expect(installed.method == "full" && installed.reason?.contains("slot a") == true)
        }
    }

    /// Of `mount(2)` and `umount2(2)`: MS_REMOUNT | MS_RDONLY, MNT_DETACH.
    private static let remountReadOnly: UInt = 32 | 1
    private static let detach: Int32 = 2

    /// A file system of its own in memory; nothing where that is not allowed.
    private func withMount(_ path: String, bytes: Int, _ body: (String) async throws -> Void) async throws -> Bool {
        _ = try StateDirectory(path)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else { return false }
        let result: Result<Void, any Error>
        do { result = .success(try await body(path)) } catch { result = .failure(error) }
        #expect(umount2(path, Self.detach) == 0)
        try result.get()
        return true
    }

    @Test(
        "A real disk that is full, and one that is mounted read-only, leave the student running",
        .enabled(if: geteuid() == 0, "mounting takes root"))
    func realDisk() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        let path = fixture.folder.directory.file("state")
        let isMounted = try await withMount(path, bytes: 256 << 10) { path in
            var base: [UInt8]?
            try await fixture.run { edge in
                try await fixture.waitForTask(edge)
                base = try await fixture.install(try TinyStudent.student(), version: 1)
                var size = 256 << 10
                while size > 4096 {
                    RawFile.write("\(path)/ballast-\(size)", [UInt8](repeating: 1, count: size))
                    size /= 2
                }
                try await fixture.offer(version: 2, weight: 11, base: base)
                try await fixture.answering {
                    try await fixture.wait("the reason") {
                        try fixture.installed()?.refused.contains { $0.reason.contains("No space left") } ?? false
                    }
                    #expect(try fixture.installed()?.running == 1)
                    while size < 256 << 10 {
                        size *= 2
                        unlink("\(path)/ballast-\(size)")
                    }
                    try await fixture.wait("version 2") { try fixture.installed()?.running == 2 }
                }
            }
            #expect(mount("tmpfs", path, "tmpfs", Self.remountReadOnly, nil) == 0)
            try await fixture.run { edge in
                try await fixture.waitForSubscription(edge)
                try await fixture.telemetry("train-1", second: 500, level: 1)
                try await fixture.wait("a decision") { try fixture.inferences.last?.version == 2 }
            }
        }
        // A container may forbid mounting even to root; the injected faults cover it there.
        if !isMounted { print("no file system could be mounted: the real disks are not tested here") }
    }
}
