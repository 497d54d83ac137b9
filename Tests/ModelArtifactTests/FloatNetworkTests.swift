import Testing

@testable import ModelArtifact

@Suite("Float network") struct FloatNetworkTests {
    private static func network(_ precision: FloatNetwork.Precision = .float32) -> FloatNetwork {
        var random = TestRandom(seed: 6)
        let student = Student.random()
        var network = FloatNetwork(
            task: student.task, spec: student.spec, normalisation: student.normalisation,
            layers: student.layers.map { layer in
                .init(
                    weight: layer.weight.map { _ in Float.random(in: -1...1, using: &random) },
                    bias: layer.bias.map { _ in Float.random(in: -1...1, using: &random) })
            }, gate: student.gate
        ).stored(as: precision)
        network.golden = [
            .init(
                input: (0..<120).map { _ in Float.random(in: -9...9, using: &random) }, logits: [0.5, -1.25, 3, 1e-7])
        ]
        return network
    }

    @Test("A network reads back equal, and equal networks give equal bytes", arguments: FloatNetwork.Precision.allCases)
    func roundTrip(precision: FloatNetwork.Precision) throws {
        let network = Self.network(precision)
        try network.validate()
        let bytes = network.encode()
        let read = try FloatNetwork(decoding: bytes)
        #expect(read == network && read.precision == precision)
        #expect(read.encode() == bytes)
    }

    @Test("Half precision rounds to the nearest, ties to even, over its whole range")
    func halves() {
        for bits in UInt16.min...UInt16.max {
            let value = HalfPrecision.float(bits)
            guard value.isFinite else { continue }
            #expect(HalfPrecision.bits(value) == bits)
            let next = HalfPrecision.float(bits + 1)
            guard next.isFinite, next.magnitude > value.magnitude else { continue }
            let middle = (value + next) / 2
            #expect(HalfPrecision.bits(middle) == bits + bits % 2)
        }
        // Figures of IEEE 754's own tables: 1/3, the largest half, the least normal and the least subnormal one.
        #expect(HalfPrecision.bits(1.0 / 3) == 0x3555)
        #expect(HalfPrecision.bits(65504) == 0x7BFF && HalfPrecision.bits(65520) == 0x7C00)
        #expect(HalfPrecision.bits(0x1p-14) == 0x0400 && HalfPrecision.bits(-0x1p-24) == 0x8001)
        #expect(HalfPrecision.float(HalfPrecision.bits(.nan)).isNaN)
    }

    @Test("A part that contradicts another is refused by name")
    func inconsistent() {
        let flaws: [(String, (inout FloatNetwork) -> Void)] = [
            ("layers for", { $0.layers.removeLast() }), ("layers.3", { $0.layers[1].weight.removeLast() }),
            ("not finite", { $0.layers[0].bias[0] = .nan }), ("40 × 3", { $0.task.window = 50 }),
            ("standardDeviation", { $0.normalisation.standardDeviation[0] = 0 }),
            ("temperature", { $0.gate.temperature = 0 }), ("tolerance", { $0.tolerance = .nan }),
            ("golden", { $0.golden = [] }), ("golden", { $0.golden[0].input[0] = .infinity }),
            ("only teachers", { $0.spec.layers.insert(.gelu, at: 0) }),
        ]
        for (named, apply) in flaws {
            var network = Self.network()
            apply(&network)
            let error = #expect(throws: ArtifactError.self) { try network.validate() }
            #expect(error?.message.contains(named) == true, "\(named): \(error?.message ?? "")")
        }
        var half = Self.network(.float16)
        half.layers[0].weight[0] = 0.1
        let error = #expect(throws: ArtifactError.self) { try half.validate() }
        #expect(error?.message.contains("float16") == true)
    }

    @Test("Damage is refused or yields a network that validates; a student is not taken for one")
    func damaged() {
        let bytes = Self.network().encode()
        var random = TestRandom(seed: 4)
        for count in stride(from: 0, to: bytes.count, by: 97) {
            #expect(throws: ArtifactError.self) { try FloatNetwork(decoding: Array(bytes.prefix(count))) }
        }
        for _ in 0..<1000 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            do throws(ArtifactError) {
                let network = try FloatNetwork(decoding: damaged)
                #expect(throws: Never.self) { try network.validate() }
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
        #expect(throws: ArtifactError.self) { try FloatNetwork(decoding: Student.random().encode()) }
        #expect(throws: ArtifactError.self) { try Student(decoding: bytes) }
    }
}
