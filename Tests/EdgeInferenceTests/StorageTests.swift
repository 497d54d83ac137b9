import ModelArtifact
import Telemetry
import Testing

@testable import EdgeInference

@Suite("Slots and downloads on disk") struct StorageTests {
    private func digest(_ bytes: [UInt8]) -> String { ContentDigest(of: bytes).hex }

    @Test("Students alternate between two slots, and the one before stays")
    func alternate() throws {
        let folder = try TemporaryFolder()
        var store = try SlotStore(model: "m", root: folder.directory)
        #expect(store.journal == nil)
        try store.install([1], version: 1, digest: digest([1]))
        try store.install([2, 2], version: 2, digest: digest([2, 2]))
        try store.install([3], version: 3, digest: digest([3]))
        let again = try SlotStore(model: "m", root: folder.directory)
        let journal = try #require(again.journal)
        #expect(journal.activeEntry == .init(version: 3, digest: digest([3])))
        #expect(journal.otherEntry == .init(version: 2, digest: digest([2, 2])))
        #expect(try again.load(journal.active).bytes == [3])
        #expect(try again.load(journal.active.other).bytes == [2, 2])
        #expect(try SlotStore.models(in: folder.directory) == ["m"])
    }

    @Test("Power lost before the journal was written leaves the old student active")
    func interrupted() throws {
        let folder = try TemporaryFolder()
        var store = try SlotStore(model: "m", root: folder.directory)
        try store.install([1], version: 1, digest: digest([1]))
        // A second install that ended after its file was written, and one that ended while it was.
        let slot = try folder.directory.folder("m")
        try slot.replace("b.safetensors", with: [9, 9])
        try slot.replace("b.safetensors.new", with: [9])
        let again = try SlotStore(model: "m", root: folder.directory)
        let journal = try #require(again.journal)
        #expect(try again.load(journal.active).bytes == [1])
        #expect(throws: EdgeError.self) { try again.load(journal.active.other) }
    }

    @Test("An altered file is not loaded, and the other slot serves")
    func altered() throws {
        let folder = try TemporaryFolder()
        var store = try SlotStore(model: "m", root: folder.directory)
        try store.install([1], version: 1, digest: digest([1]))
        try store.install([2], version: 2, digest: digest([2]))
        let journal = try #require(store.journal)
        try folder.directory.folder("m").replace("\(journal.active.rawValue).safetensors", with: [7])
        #expect(throws: EdgeError.self) { try store.load(journal.active) }
        try store.fallBack()
        #expect(try SlotStore(model: "m", root: folder.directory).journal?.activeEntry?.version == 1)
    }

    @Test(
        "A damaged journal counts as none, with the reason; a slot whose student is signed is found again",
        arguments: ["", "{}", #"{"format":2,"active":"a"}"#, #"{"format":1,"active":"c"}"#])
    func journal(text: String) throws {
        let folder = try TemporaryFolder()
        try folder.directory.folder("m").replace("journal.json", with: Array(text.utf8))
        try folder.directory.folder("m").replace("b.safetensors", with: [5])
        var store = try SlotStore(model: "m", root: folder.directory)
        #expect(store.journal == nil && store.damage?.contains("journal.json") == true)
        try store.recover([digest([6]): 3])
        #expect(store.journal == nil)
        try store.recover([digest([5]): 2])
        #expect(store.journal?.activeEntry == .init(version: 2, digest: digest([5])))
        #expect(try store.load(.b).bytes == [5])
    }

    @Test("Receipts, probation and returns outlive the process; a student that returned is remembered")
    func journalFields() throws {
        let folder = try TemporaryFolder()
        var store = try SlotStore(model: "m", root: folder.directory)
        let receipt = UpdateReceipt(
            base: "none", method: "full", bytes: 12, chunks: 2, repeated: 1, seconds: 0.5, reason: "no update")
        try store.install([1], version: 1, digest: digest([1]), receipt: receipt)
        try store.install([2], version: 2, digest: digest([2]), isOnProbation: true)
        #expect(store.journal?.probationStarts == 0)
        try store.setProbation(starts: 1)
        #expect(try SlotStore(model: "m", root: folder.directory).journal == store.journal)
        // The unproven student gives way, not the proven one.
        try store.install([3], version: 3, digest: digest([3]), isOnProbation: true)
        #expect(store.journal?.otherEntry?.version == 1)
        try store.fallBack(because: "it was bad")
        let again = try #require(try SlotStore(model: "m", root: folder.directory).journal)
        #expect(again.activeEntry?.receipt == receipt && again.probationStarts == nil)
        #expect(again.returns == [.init(version: 3, digest: digest([3]), reason: "it was bad")])
    }

    static func content(_ bytes: [UInt8], chunkSize: Int) -> ChunkedBytes {
        let chunks = stride(from: 0, to: bytes.count, by: chunkSize).map {
            ContentDigest(of: Array(bytes[$0..<min($0 + chunkSize, bytes.count)])).hex
        }
        return ChunkedBytes(
            frame: ContentDigest(of: bytes).hex, bytes: bytes.count, chunkSize: chunkSize, chunks: chunks)
    }

    @Test("Chunks come in any order, and a restarted edge goes on with those it has")
    func resume() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<25).map { UInt8($0) }
        let content = Self.content(bytes, chunkSize: 10)
        let file = try ChunkFile(content: content, directory: folder.directory)
        #expect(file.missing == [0..<3])
        #expect(try file.put(Array(bytes[20...]), at: 2))
        #expect(try file.put(Array(bytes[0..<10]), at: 0))
        #expect(try !file.put(Array(bytes[0..<10]), at: 0))
        let again = try ChunkFile(content: content, directory: folder.directory)
        #expect(again.missing == [1..<2])
        #expect(try again.put(Array(bytes[10..<20]), at: 1))
        #expect(again.isComplete)
        #expect(try again.frame() == bytes)
        try ChunkFile.removeAll(in: folder.directory, except: [])
        #expect(try folder.directory.names().isEmpty)
    }

    @Test("A tampered, misplaced or truncated chunk is refused and changes nothing")
    func tampered() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<25).map { UInt8($0) }
        let file = try ChunkFile(content: Self.content(bytes, chunkSize: 10), directory: folder.directory)
        for (chunk, index) in [([UInt8](repeating: 7, count: 10), 0), ([1, 2], 0), (Array(bytes[0..<10]), 3)] {
            #expect(throws: EdgeError.self) { try file.put(chunk, at: index) }
        }
        #expect(file.missing == [0..<3])
    }

    @Test("Space is reserved at the offered size")
    func reserved() throws {
        let folder = try TemporaryFolder()
        let content = Self.content([UInt8](repeating: 1, count: 50_000), chunkSize: 16_384)
        _ = try ChunkFile(content: content, directory: folder.directory)
        #expect(try folder.read("\(content.frame).part")?.count == 50_000)
    }
}
