import Foundation
import FuzzTesting
import ModelArtifact
import Testing
import Zstd

@testable import ModelDelta

@Suite("Hostile frames") struct HostileFileTests {
    private static let base = TestStudent.make(seed: 1).encode()
    private static let target = TestStudent.moved(TestStudent.make(seed: 1), deviation: 1, seed: 2).encode()

    /// The largest memory that this process has had, in bytes.
    private static func peak() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split { !$0.isNumber }.first.flatMap { Int($0) }) * 1024
    }

    private static func header(_ method: DeltaFrame.Method) -> [UInt8] {
        DeltaFrame(
            method, base: method == .full ? nil : ContentDigest(of: base), target: ContentDigest(of: target),
            targetBytes: target.count, payload: []
        ).bytes
    }

    /// What a method compresses, with its header, before it is compressed: damage here gets through zstd.
    private static func contents() -> [[UInt8]] {
        [header(.full) + target, header(.prefix) + target]
            + WeightResidual.candidates(base: base, target: target).map { header(.residual) + $0 }
    }

    private static func compressed(_ content: [UInt8]) throws -> [UInt8] {
        guard content.count > DeltaFrame.headerBytes else { return content }
        var compressor = try ZstdCompressor(level: 1, checksum: false)
        let prefix = content[5] == 1 ? [] : base
        return Array(content[..<DeltaFrame.headerBytes])
            + (try compressor.compress(Array(content[DeltaFrame.headerBytes...]), prefix: prefix))
    }

    @Test(
        "Damaged frames of every method, within zstd and outside, give the target or an error; never a crash or much memory"
    )
    func deltas() throws {
        let contents = Self.contents()
        let frames = try contents.map(Self.compressed)
        #expect(contents.count == 2 + 1 + ResidualPacking.byteWise.count)
        for frame in frames {
            #expect(try DeltaCodec.decode(DeltaFrame(frame), base: Self.base, maximumBytes: 1 << 20) == Self.target)
        }
        let before = try Self.peak()
        var (refused, read) = (0, 0)
        for (frame, content) in zip(Mutation(frames, seed: 43, count: 3000), Mutation(contents, seed: 44, count: 3000))
        {
            for bytes in [frame, try Self.compressed(content)] {
                do throws(DeltaError) {
                    let found = try DeltaCodec.decode(
                        DeltaFrame(bytes), base: Self.base, maximumBytes: Self.target.count)
                    #expect(found == Self.target)
                    read += 1
                } catch {
                    #expect(!error.message.isEmpty)
                    refused += 1
                }
            }
        }
        #expect(refused > 10 * read && read > 0, "\(refused) refused, \(read) read")
        #expect(try Self.peak() - before < 64 << 20)
    }

    @Test(
        "A header may promise what it likes: no more is unpacked than was signed",
        arguments: [1 << 20, 1 << 26, 1 << 30])
    func bombs(size: Int) throws {
        // One frame that says its size, and blocks of one repeated byte that never end.
        var endless: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0]
        for shift in stride(from: 0, to: 64, by: 8) { endless.append(UInt8(truncatingIfNeeded: size >> shift)) }
        let block = (128 << 10) << 3 | 1 << 1
        for _ in 0..<1000 { endless += [UInt8(block & 255), UInt8(block >> 8 & 255), UInt8(block >> 16), 0] }
        let before = try Self.peak()
        for method in DeltaFrame.Method.allCases {
            let error = #expect(throws: DeltaError.self) {
                _ = try DeltaCodec.decode(
                    DeltaFrame(Self.header(method) + endless), base: Self.base, maximumBytes: Self.target.count)
            }
            #expect(error?.code == .tooLarge || error?.code == .malformed)
        }
        #expect(try Self.peak() - before < 64 << 20)
    }
}
