import Testing

@testable import EdgeInference

@Suite("The spool on disk") struct SpoolTests {
    private func record(_ number: Int, bytes: Int = 20) -> Spool.Record {
        Spool.Record(topic: "t/\(number)", payload: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: bytes))
    }

    private func drain(_ spool: Spool) throws -> [String] {
        var topics: [String] = []
        while let record = try spool.first() {
            topics.append(record.topic)
            try spool.removeFirst()
        }
        return topics
    }

    @Test("Records come out in the order they went in, also across a restart in the middle")
    func order() throws {
        let folder = try TemporaryFolder()
        let spool = try Spool(directory: folder.directory, limit: 1 << 20)
        for number in 0..<10 { try spool.append(record(number)) }
        #expect(try spool.first() == record(0))
        for _ in 0..<4 { try spool.removeFirst() }
        let again = try Spool(directory: folder.directory, limit: 1 << 20)
        #expect(again.count == 6)
        try again.append(record(10))
        #expect(try drain(again) == (4...10).map { "t/\($0)" })
        #expect(again.count == 0)
        #expect(try again.first() == nil)
        let empty = try Spool(directory: folder.directory, limit: 1 << 20)
        #expect(empty.count == 0)
        try empty.append(record(11))
        #expect(try Spool(directory: folder.directory, limit: 1 << 20).count == 1)
    }

    @Test("At its limit the oldest go first and are counted")
    func limit() throws {
        let folder = try TemporaryFolder()
        let spool = try Spool(directory: folder.directory, limit: 65_536)
        for number in 0..<300 { try spool.append(record(number, bytes: 500)) }
        #expect(spool.bytes <= 65_536)
        #expect(spool.dropped > 0)
        #expect(spool.dropped + spool.count == 300)
        let kept = try drain(spool)
        #expect(kept == (spool.dropped..<300).map { "t/\($0)" })
    }

    @Test("A record cut short by a crash is left out, those before it stay", arguments: [1, 5, 9, 20])
    func tornTail(cut: Int) throws {
        let folder = try TemporaryFolder()
        let spool = try Spool(directory: folder.directory, limit: 1 << 20)
        for number in 0..<3 { try spool.append(record(number)) }
        let name = try #require(try folder.directory.names().first { $0.hasSuffix(".spool") })
        let bytes = try #require(try folder.read(name))
        try folder.write(name, Array(bytes.dropLast(cut)))
        let again = try Spool(directory: folder.directory, limit: 1 << 20)
        #expect(again.count == 2)
        try again.append(record(3))
        #expect(try drain(again) == ["t/0", "t/1", "t/3"])
    }

    @Test("A damaged record ends what is believed of its segment")
    func damaged() throws {
        let folder = try TemporaryFolder()
        let spool = try Spool(directory: folder.directory, limit: 1 << 20)
        for number in 0..<3 { try spool.append(record(number)) }
        let name = try #require(try folder.directory.names().first { $0.hasSuffix(".spool") })
        var bytes = try #require(try folder.read(name))
        bytes[bytes.count / 2] ^= 0xFF
        try folder.write(name, bytes)
        #expect(try drain(Spool(directory: folder.directory, limit: 1 << 20)) == ["t/0"])
    }

    @Test("Damage that appears while it runs is counted and passed over")
    func damagedLater() throws {
        let folder = try TemporaryFolder()
        let spool = try Spool(directory: folder.directory, limit: 1 << 20)
        for number in 0..<3 { try spool.append(record(number)) }
        let name = try #require(try folder.directory.names().first { $0.hasSuffix(".spool") })
        var bytes = try #require(try folder.read(name))
        bytes[10] ^= 0xFF
        try folder.write(name, bytes)
        #expect(try spool.first() == nil)
        #expect(spool.dropped == 3)
        #expect(spool.count == 0)
        try spool.append(record(9))
        #expect(try drain(spool) == ["t/9"])
    }

    @Test("A message beyond the spool is refused, and the others stay")
    func oversize() throws {
        let folder = try TemporaryFolder()
        let spool = try Spool(directory: folder.directory, limit: 65_536)
        try spool.append(record(1))
        #expect(throws: EdgeError.self) { try spool.append(record(2, bytes: 60_000)) }
        #expect(spool.dropped == 1)
        #expect(try drain(spool) == ["t/1"])
    }

    @Test("The checksum is the one of the standard")
    func checksum() { #expect(Checksum.crc32(Array("123456789".utf8)[...]) == 0xCBF4_3926) }
}
