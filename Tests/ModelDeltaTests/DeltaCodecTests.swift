import ModelArtifact
import Testing
import Zstd

@testable import ModelDelta

@Suite("Delta codec") struct DeltaCodecTests {
    static let base = TestStudent.make(seed: 1).encode()
    private static let digest = ContentDigest(of: base)

    static func moved(_ deviation: Double, seed: UInt64 = 2) -> [UInt8] {
        TestStudent.moved(TestStudent.make(seed: 1), deviation: deviation, seed: seed).encode()
    }

    @Test("Every method yields the target to the bit", arguments: [0.1, 0.5, 2, 12, 90])
    func exact(deviation: Double) throws {
        let target = Self.moved(deviation)
        let frames = try DeltaCodec.candidates(base: Self.base, target: target)
        #expect(frames.map(\.method) == [.full, .prefix, .residual])
        for frame in frames {
            let read = try DeltaFrame(frame.bytes)
            #expect(read == frame)
            #expect(try DeltaCodec.decode(read, base: Self.base, maximumBytes: target.count) == target)
        }
        let chosen = try DeltaCodec.encode(base: Self.base, target: target)
        #expect(chosen.bytes.count == frames.map(\.bytes.count).min())
    }

    @Test(
        "For small moves on one grid the residual beats the prefix by far",
        arguments: [(0.3, 0.7), (1.0, 0.45), (3.0, 0.6)])
    func residualWins(deviation: Double, ratio: Double) throws {
        let target = Self.moved(deviation)
        let sizes = try DeltaCodec.candidates(base: Self.base, target: target).map(\.bytes.count)
        #expect(Double(sizes[2]) < ratio * Double(sizes[1]), "\(sizes)")
        #expect(try DeltaCodec.encode(base: Self.base, target: target).method == .residual)
    }

    @Test("The same file again costs next to nothing, and a newcomer gets the whole")
    func extremes() throws {
        #expect(try DeltaCodec.encode(base: Self.base, target: Self.base).bytes.count < 150)
        let full = try DeltaCodec.encode(base: nil, target: Self.base)
        #expect(full.method == .full && full.base == nil)
        #expect(try DeltaCodec.decode(full, base: nil, maximumBytes: 1 << 20) == Self.base)
        #expect(try DeltaCodec.decode(full, base: [1, 2, 3], maximumBytes: 1 << 20) == Self.base)
    }

    @Test("A student of another shape, and files that are no students, are still expressed")
    func otherShapes() throws {
        let other = TestStudent.make(seed: 3, filters: 10)
        for target in [other.encode(), Array("no safetensors".utf8), []] {
            for frame in try DeltaCodec.candidates(base: Self.base, target: target) {
                #expect(try DeltaCodec.decode(frame, base: Self.base, maximumBytes: 1 << 20) == target)
            }
        }
        let frames = try DeltaCodec.candidates(base: Array("text".utf8), target: Self.base)
        #expect(frames.map(\.method) == [.full, .prefix])
    }

    @Test("Another base, or none, is refused before anything is unpacked")
    func wrongBase() throws {
        let frame = try DeltaCodec.encode(base: Self.base, target: Self.moved(0.5))
        for base in [nil, Self.moved(0.5, seed: 9), []] as [[UInt8]?] {
            let error = #expect(throws: DeltaError.self) {
                _ = try DeltaCodec.decode(frame, base: base, maximumBytes: 1 << 20)
            }
            #expect(error?.code == .wrongBase)
        }
    }

    @Test("More than the caller accepts is refused")
    func tooLarge() throws {
        let target = Self.moved(0.5)
        for frame in try DeltaCodec.candidates(base: Self.base, target: target) {
            let error = #expect(throws: DeltaError.self) {
                _ = try DeltaCodec.decode(frame, base: Self.base, maximumBytes: target.count - 1)
            }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test("A header that lies about size, target or method is refused")
    func lies() throws {
        let target = Self.moved(0.5)
        for frame in try DeltaCodec.candidates(base: Self.base, target: target) {
            for (offset, value) in [(8, 1), (50, 1), (5, 1), (5, 2), (5, 3), (5, 9), (4, 2), (0, 1), (6, 1)]
                as [(Int, UInt8)]
            {
                var bytes = frame.bytes
                if offset == 5 && bytes[5] == value { continue }
                bytes[offset] = offset == 5 || offset == 4 ? value : bytes[offset] ^ value
                #expect(throws: DeltaError.self, "\(frame.method), byte \(offset)") {
                    _ = try DeltaCodec.decode(try DeltaFrame(bytes), base: Self.base, maximumBytes: 1 << 20)
                }
            }
            for count in [0, 10, 75, 76, 80, frame.bytes.count - 1] {
                #expect(throws: DeltaError.self) {
                    _ = try DeltaCodec.decode(
                        try DeltaFrame(Array(frame.bytes.prefix(count))), base: Self.base, maximumBytes: 1 << 20)
                }
            }
        }
    }

    @Test("Damaged frames are refused and never trap")
    func damage() throws {
        let target = Self.moved(0.5)
        var random = TestRandom(seed: 77)
        for frame in try DeltaCodec.candidates(base: Self.base, target: target) {
            for _ in 0..<300 {
                var bytes = frame.bytes
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                do {
                    let result = try DeltaCodec.decode(try DeltaFrame(bytes), base: Self.base, maximumBytes: 1 << 20)
                    // A bit that zstd does not look at.
                    #expect(result == target)
                } catch {
                    #expect(!error.message.isEmpty)
                }
            }
        }
    }

    @Test("Damaged residuals inside a sound frame are refused and never trap")
    func damagedResidual() throws {
        let target = Self.moved(2)
        var random = TestRandom(seed: 5)
        for residual in WeightResidual.candidates(base: Self.base, target: target) {
            #expect(
                try WeightResidual.apply(residual, to: Self.base, digest: Self.digest, maximumBytes: target.count)
                    == target)
            for _ in 0..<200 {
                var damaged = residual
                for _ in 0..<3 {
                    damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                do {
                    _ = try WeightResidual.apply(
                        damaged, to: Self.base, digest: Self.digest, maximumBytes: target.count)
                } catch {
                    #expect(!error.message.isEmpty)
                }
            }
            for count in [0, 1, 100, residual.count - 1] {
                #expect(throws: DeltaError.self) {
                    try WeightResidual.apply(
                        Array(residual.prefix(count)), to: Self.base, digest: Self.digest, maximumBytes: target.count)
                }
            }
        }
    }

    @Test("Every packing undoes itself on every byte and on every word size")
    func packings() throws {
        var random = TestRandom(seed: 6)
        for packing in ResidualPacking.allCases {
            for count in [0, 8, 16, 1000, 4096] {
                let old = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                let new = (0..<count).map { $0 % 3 == 0 ? UInt8.random(in: 0...255, using: &random) : old[$0] }
                var reader = ResidualReader(packing.pack(new, from: old))
                #expect(try packing.unpack(&reader, onto: old) == new)
                try reader.expectEnd()
            }
        }
        for packing in ResidualPacking.byteWise {
            for count in 1...9 {
                let old = [UInt8](repeating: 250, count: count)
                let new = (0..<count).map { UInt8($0) }
                var reader = ResidualReader(packing.pack(new, from: old))
                #expect(try packing.unpack(&reader, onto: old) == new)
            }
        }
    }
}
