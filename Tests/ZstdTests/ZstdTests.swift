import Testing
import Zstd

@Suite("Zstd") struct ZstdTests {
    static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    static func compress(_ bytes: [UInt8], level: Int = 3) throws -> [UInt8] {
        var compressor = try ZstdCompressor(level: level)
        return try compressor.compress(bytes)
    }

    @Test("Bytes come back as they were", arguments: [0, 1, 1000, 300_000])
    func roundTrip(count: Int) throws {
        let bytes = Self.noise(count / 2) + [UInt8](repeating: 7, count: count - count / 2)
        var decompressor = try ZstdDecompressor()
        #expect(try decompressor.decompress(Self.compress(bytes), maximumBytes: count) == bytes)
    }

    @Test("A prefix that both sides hold makes incompressible bytes nearly free")
    func prefix() throws {
        let base = Self.noise(400_000)
        var target = base
        target[200_000] ^= 1
        var compressor = try ZstdCompressor()
        let frame = try compressor.compress(target, prefix: base)
        #expect(frame.count < 200)
        var decompressor = try ZstdDecompressor()
        #expect(try decompressor.decompress(frame, prefix: base, maximumBytes: target.count) == target)
        #expect(throws: ZstdError.self) {
            try decompressor.decompress(frame, prefix: Self.noise(400_000, seed: 2), maximumBytes: target.count)
        }
        // The wrong prefix leaves nothing behind.
        #expect(try decompressor.decompress(frame, prefix: base, maximumBytes: target.count) == target)
    }

    @Test("A bomb is refused before it is unpacked, whether or not it declares its size")
    func bomb() throws {
        let zeros = [UInt8](repeating: 0, count: 8 << 20)
        var decompressor = try ZstdDecompressor()
        let error = #expect(throws: ZstdError.self) {
            try decompressor.decompress(Self.compress(zeros), maximumBytes: 1000)
        }
        #expect(error?.code == .tooLarge)
        #expect(error?.message.contains("declares 8388608") == true)

        var compressor = try ZstdCompressor(level: 1)
        try compressor.begin()
        var undeclared: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { buffer.deallocate() }
        var position = 0
        var flushed = false
        while !flushed {
            let step = try zeros.withUnsafeBytes {
                try compressor.stream(UnsafeRawBufferPointer(rebasing: $0[position...]), into: buffer, finish: true)
            }
            position += step.consumed
            undeclared += buffer[..<step.written]
            flushed = step.isFlushed
        }
        let second = #expect(throws: ZstdError.self) { try decompressor.decompress(undeclared, maximumBytes: 1000) }
        #expect(second?.code == .tooLarge)
        #expect(try decompressor.decompress(undeclared, maximumBytes: zeros.count) == zeros)
    }

    @Test("A frame that asks for a large window is refused")
    func window() throws {
        let frame = try Self.compress(Self.noise(3 << 20), level: 1)
        var small = try ZstdDecompressor(maximumWindowLog: 10)
        let error = #expect(throws: ZstdError.self) { try small.decompress(frame, maximumBytes: 4 << 20) }
        #expect(error?.code == .windowTooLarge)
    }

    @Test("Truncated, damaged and trailing bytes are refused")
    func damage() throws {
        let bytes = Self.noise(5000)
        let frame = try Self.compress(bytes)
        var decompressor = try ZstdDecompressor()
        for count in [0, 3, 4, 10, frame.count / 2, frame.count - 1] {
            let error = #expect(throws: ZstdError.self) {
                try decompressor.decompress(Array(frame.prefix(count)), maximumBytes: 5000)
            }
            #expect(error?.code == .truncated)
        }
        for index in stride(from: 0, to: frame.count, by: 97) {
            var damaged = frame
            damaged[index] ^= 0x10
            #expect(throws: ZstdError.self) { try decompressor.decompress(damaged, maximumBytes: 5000) }
        }
        #expect(throws: ZstdError.self) { try decompressor.decompress(frame + [0], maximumBytes: 5000) }
        #expect(throws: ZstdError.self) { try decompressor.decompress(bytes, maximumBytes: 5000) }
    }

    @Test("Lines come out the same from a plain file and from several zstd frames in small chunks")
    func lines() throws {
        let rows = (0..<5000).map { "\($0),\($0 * $0)" }
        let text = Array((rows.joined(separator: "\r\n")).utf8)
        let half = text.count / 2
        let packed = try Self.compress(Array(text[..<half])) + Self.compress(Array(text[half...]))
        for (stored, size) in [(text, 3), (text, 4096), (packed, 1), (packed, 777), (packed, 1 << 20)] {
            var position = 0
            var reader = try LineReader {
                guard position < stored.count else { return nil }
                defer { position = min(stored.count, position + size) }
                return Array(stored[position..<min(stored.count, position + size)])
            }
            var read: [String] = []
            while let line = try reader.next() { read.append(String(decoding: line, as: UTF8.self)) }
            #expect(read == rows)
            #expect(try reader.next() == nil)
        }
    }

    @Test("A stream that stops within a frame, and a line without end, are refused")
    func brokenStreams() throws {
        let packed = try Self.compress([UInt8](repeating: 65, count: 1 << 20))
        var sent = false
        var reader = try ZstdReader {
            defer { sent = true }
            return sent ? nil : Array(packed.dropLast(5))
        }
        let error = #expect(throws: ZstdError.self) { while try reader.next() != nil {} }
        #expect(error?.code == .truncated)
        var sentLine = false
        var lines = try LineReader(maximumLength: 1000) {
            defer { sentLine = true }
            return sentLine ? nil : packed
        }
        let second = #expect(throws: ZstdError.self) { try lines.next() }
        #expect(second?.code == .lineTooLong)
    }
}
