import JSON
import ModelArtifact
import ServiceRuntime
import ModelDelta
import Telemetry
import Testing
import Zstd

@testable import EdgeInference

/// Chunks and frames made by an enemy on the broker: version 1 runs, version 2 is signed, and the bytes lie.
@Suite("Hostile bytes", .serialized) struct HostileBytesTests {
    /// An edge on version 1 to which version 2 is offered as an update, and the frame.
    private func attacked(
        _ settings: [String: String] = [:], alter: @Sendable ([UInt8]) throws -> [UInt8] = { $0 },
        _ body: (EdgeFixture, EdgeFixture.Running, TinyRegistry.Frame) async throws -> Void
    ) async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        var base: [UInt8] = []
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            base = try await fixture.install(try TinyStudent.student(), version: 1)
        }
        try await fixture.run(settings) { edge in
            try await fixture.waitForSubscription(edge)
            let file = try TinyStudent.student(weight: 11).encode()
            fixture.registry.add(TinyRegistry.target(file, version: 2))
            try await fixture.registry.sign()
            let frame = try await fixture.registry.offer(file, base: base, version: 2, chunkSize: 48, alter: alter)
            try #require(frame.offer.content.chunks.count > 1 || frame.bytes.count < 48)
            try await fixture.wait("a need") { try fixture.needs.contains { $0.frame == frame.offer.content.frame } }
            try await body(fixture, edge, frame)
        }
    }

    /// Waits for what is said of bad bytes, and that the running student was left alone.
    private func expectComplaint(
        _ fixture: EdgeFixture, _ words: String, code: String = "digest", on topic: String = "/chunk/"
    ) async throws {
        try await fixture.wait("a rejection \(code)") {
            try fixture.rejects.contains { $0.code == code && $0.topic.contains(topic) && $0.reason.contains(words) }
        }
        try await fixture.wait("the reason on installed/: \(words)") {
            try fixture.installed()?.refused.contains { $0.version == 2 && $0.reason.contains(words) } ?? false
        }
        try await fixture.decide()
        #expect(try fixture.inferences.last?.version == 1 && fixture.installed()?.running == 1)
    }

    private func chunk(_ index: Int, of frame: TinyRegistry.Frame) -> [UInt8] {
        let content = frame.offer.content
        return Array(
            frame.bytes[index * content.chunkSize..<min(frame.bytes.count, (index + 1) * content.chunkSize)])
    }

    private func finish(_ fixture: EdgeFixture, _ frame: TinyRegistry.Frame) async throws -> InstalledMessage {
        try await fixture.registry.sendAll(frame)
        try await fixture.wait("version 2") { try fixture.installed()?.running == 2 }
        return try #require(try fixture.installed())
    }

    @Test("Swapped chunks are refused, each on its topic, and counted in the receipt of the right ones")
    func swapped() async throws {
        try await attacked { fixture, _, frame in
            let digest = frame.offer.content.frame
            try await fixture.registry.publish(.chunk(digest: digest, index: 0), chunk(1, of: frame), retained: false)
            try await fixture.registry.publish(.chunk(digest: digest, index: 1), chunk(0, of: frame), retained: false)
            try await expectComplaint(fixture, "chunk 0 does not hash to what was offered")
            try await expectComplaint(fixture, "chunk 1 does not hash to what was offered")
            #expect(try await finish(fixture, frame).repeated == 2)
        }
    }

    @Test("Chunks that come again and again, and in the wrong order, lead to the student; the receipt counts them")
    func repeatedAndReordered() async throws {
        try await attacked { fixture, _, frame in
            let count = frame.offer.content.chunks.count
            for index in (1..<count).reversed() {
                for _ in 0..<3 { try await fixture.registry.send(chunk: index, of: frame) }
            }
            let installed = try await finish(fixture, frame)
            // The last pass repeats all but the first chunk once more, up to where the frame was complete.
            #expect(try #require(installed.repeated) >= 2 * (count - 1))
            #expect(installed.method == frame.offer.method && installed.base == frame.offer.base)
            #expect(installed.bytes == frame.bytes.count && installed.chunks == count && installed.seconds != nil)
            #expect(try fixture.rejects.isEmpty && installed.refused.isEmpty && installed.reason == nil)
        }
    }

    @Test("Truncated and oversize chunks are refused", arguments: [-1, 1, 70_000])
    func wrongSize(more: Int) async throws {
        try await attacked { fixture, _, frame in
            var bytes = chunk(0, of: frame)
            if more < 0 { bytes.removeLast(-more) } else { bytes += [UInt8](repeating: 7, count: more) }
            try await fixture.registry.publish(
                .chunk(digest: frame.offer.content.frame, index: 0), bytes, retained: false)
            try await expectComplaint(fixture, "chunk 0 has \(bytes.count) bytes")
            #expect(try fixture.downloadedBytes == frame.bytes.count, "no more than was reserved")
            _ = try await finish(fixture, frame)
        }
    }

    @Test("Data without end is refused chunk by chunk, then not listened to any more; nothing grows")
    func endless() async throws {
        try await attacked(["edge.update.full": "never"]) { fixture, edge, frame in
            let digest = frame.offer.content.frame
            for index in 0..<400 {
                try await fixture.registry.publish(
                    .chunk(digest: digest, index: frame.offer.content.chunks.count + index),
                    [UInt8](repeating: UInt8(index & 255), count: 300), retained: false)
            }
            // What is said on the bus of so many at once is limited; the first is said, and what came of it.
            try await expectComplaint(fixture, "the offer has \(frame.offer.content.chunks.count) chunks")
            try await fixture.wait("the end of the download") {
                try fixture.installed()?.refused.contains {
                    $0.reason.contains("its chunks are not those that were offered")
                } ?? false
            }
            #expect(try fixture.downloads.isEmpty)
            let rejected = edge.board.counters["rejected", default: 0]
            #expect(rejected <= ModelInstallation.badChunkLimit + 8)
        }
    }

    @Test("Chunks that hash as offered but are not the frame lead to nothing")
    func wrongFrame() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            let base = try await fixture.install(try TinyStudent.student(), version: 1)
            let file = try TinyStudent.student(weight: 11).encode()
            fixture.registry.add(TinyRegistry.target(file, version: 2))
            var frame = try await fixture.registry.offer(file, base: base, version: 2)
            frame.offer.content.frame = String(repeating: "e", count: 64)
            try await fixture.registry.publish(
                .offer(model: "level", base: frame.offer.base, target: frame.offer.target), frame.offer.payload)
            try await fixture.registry.sign()
            try await fixture.wait("a need") { try fixture.needs.contains { $0.frame == frame.offer.content.frame } }
            try await fixture.registry.sendAll(frame)
            try await expectComplaint(
                fixture, "the chunks hash as offered, but the frame does not", on: "/offer/")
        }
    }

    /// Frames whose header, or what is behind it, is not what was signed and offered.
    private static let lies: [(name: String, alter: @Sendable ([UInt8]) throws -> [UInt8], words: String)] = [
        ("size of one byte", { put([1, 0, 0, 0], at: 8, in: $0) }, "cannot be unpacked"),
        ("size of four GB", { put([255, 255, 255, 255], at: 8, in: $0) }, "promises 4294967295 bytes"),
        ("another target", { put([UInt8](repeating: 3, count: 32), at: 44, in: $0) }, "not what was offered"),
        ("another base", { put([UInt8](repeating: 3, count: 32), at: 12, in: $0) }, "not what was offered"),
        ("another method", { put([$0[5] == 2 ? 3 : 2], at: 5, in: $0) }, "not what was offered"),
        ("no base", { put([UInt8](repeating: 0, count: 32), at: 12, in: $0) }, "contradict"),
        ("a format of tomorrow", { put([9], at: 4, in: $0) }, "delta format"),
        ("no frame at all", { _ in Array("hello, this is no frame".utf8) }, "do not begin as a delta frame"),
        ("a bomb behind a small size", { try bomb($0, declaring: nil) }, "unpack"),
        ("a bomb that says how large it is", { try bomb($0, declaring: 1 << 30) }, "unpack"),
        ("an update of another student", { _ in try foreign() }, "not what was offered"),
    ]

    private static func put(_ bytes: [UInt8], at offset: Int, in frame: [UInt8]) -> [UInt8] {
        var frame = frame
        frame.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return frame
    }

    /// The header of a sound frame, and a gigabyte of zeros in a few kilobytes of zstd behind it.
    private static func bomb(_ frame: [UInt8], declaring size: Int?) throws -> [UInt8] {
        if size == nil {
            var compressor = try ZstdCompressor()
            return Array(frame[..<76]) + (try compressor.compress([UInt8](repeating: 0, count: 32 << 20)))
        }
        // Magic, a single segment whose size takes eight bytes, then blocks of one repeated byte without end.
        var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0]
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: (size ?? 0) >> shift)) }
        let block = (128 << 10) << 3 | 1 << 1
        for _ in 0..<700 { bytes += [UInt8(block & 255), UInt8(block >> 8 & 255), UInt8(block >> 16), 0] }
        return Array(frame[..<76]) + bytes
    }

    private static func foreign() throws -> [UInt8] {
        try DeltaCodec.encode(
            base: TinyStudent.student(weight: 7).encode(), target: TinyStudent.student(weight: 11).encode()
        ).bytes
    }

    @Test(
        "Frames that lie are refused by name, and only the whole file, where allowed, is asked for",
        arguments: lies.indices)
    func lie(index: Int) async throws {
        let (name, alter, words) = Self.lies[index]
        try await attacked(["edge.update.full": "never"], alter: alter) { fixture, edge, frame in
            try await fixture.registry.sendAll(frame)
            try await expectComplaint(fixture, words, code: "malformed", on: "/offer/")
            #expect(edge.board.counters["refusedReleases"] == 1, "\(name)")
            #expect(try fixture.downloads.isEmpty, "\(name)")
        }
    }
}
