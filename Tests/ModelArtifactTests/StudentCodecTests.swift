import Crypto
import JSON
import Testing

@testable import ModelArtifact

@Suite("Student file") struct StudentCodecTests {
    @Test("A student reads back equal, and equal students give equal bytes", arguments: [1, 2, 3] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        let student = Student.random(seed: seed)
        try student.validate()
        let bytes = student.encode()
        let read = try Student(decoding: bytes)
        #expect(read == student)
        #expect(read.encode() == bytes)
        #expect(Student.random(seed: seed).encode() == bytes)
    }

    @Test("Every float in the metadata survives, also those whose digits are long")
    func floats() throws {
        var random = TestRandom(seed: 9)
        for _ in 0..<20_000 {
            let value = Float(bitPattern: UInt32.random(in: 1...0x7F7F_FFFF, using: &random))
            guard value.isNormal else { continue }
            let read = try JSONValue(parsing: JSONValue.shortest(value).text)
            #expect(read.number.map { Float($0) } == value)
        }
    }

    @Test("A file cut off anywhere is refused")
    func truncated() {
        let bytes = Student.random().encode()
        for count in stride(from: 0, to: bytes.count, by: 31) {
            #expect(throws: ArtifactError.self) { try Student(decoding: Array(bytes.prefix(count))) }
        }
    }

    @Test("Random damage is refused or yields a student that validates; it never traps")
    func damaged() {
        let bytes = Student.random().encode()
        var random = TestRandom(seed: 4)
        for _ in 0..<3000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do throws(ArtifactError) {
                let student = try Student(decoding: damaged)
                #expect(throws: Never.self) { try student.validate() }
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
    }

    @Test("A part that contradicts another is refused by name", arguments: Flaw.all)
    func inconsistent(flaw: Flaw) {
        var student = Student.random()
        flaw.apply(&student)
        let error = #expect(throws: ArtifactError.self) { try student.validate() }
        #expect(error?.message.contains(flaw.named) == true, "\(error?.message ?? "")")
    }

    struct Flaw: Sendable, CustomTestStringConvertible {
        let named: String
        let apply: @Sendable (inout Student) -> Void
        var testDescription: String { named }

        static let all: [Flaw] = [
            Flaw(named: "40 × 3") { $0.task.window = 50 },
            Flaw(named: "outputs") { $0.task.classes.append(.init(name: "fly")) },
            Flaw(named: "normalisation") { $0.normalisation.mean.append(0) },
            Flaw(named: "normalisation.mean") { $0.normalisation.mean[1] = .nan },
            Flaw(named: "standardDeviation") { $0.normalisation.standardDeviation[1] = 0 },
            Flaw(named: "scales.input") { $0.inputScale = -1 },
            Flaw(named: "temperature") { $0.gate.temperature = .infinity },
            Flaw(named: "threshold") { $0.gate.threshold = 1.5 },
            Flaw(named: "quantised layers") { $0.layers.removeLast() },
            Flaw(named: "layers.0") { $0.layers[0].weight.removeLast() },
            Flaw(named: "layers.3: weight scale") { $0.layers[1].weightScale[2] = .nan },
            Flaw(named: "not those of its scales") { $0.layers[0].weightScale[0] *= 2 },
            Flaw(named: "not those of its scales") { $0.layers[1].outputScale *= 2 },
            Flaw(named: "not those of its scales") { $0.inputScale *= 2 },
            Flaw(named: "integers cannot hold") { $0.layers[0].weightScale[0] = .greatestFiniteMagnitude },
            Flaw(named: "−128") { $0.layers[0].weight[3] = -128 },
            Flaw(named: "overflow") { $0.layers[1].bias[0] = .max },
            Flaw(named: "overflow") { $0.layers[1].bias[0] = .min },
            Flaw(named: "one weight scale") { $0.layers[2].weightScale[0] *= 2 },
            Flaw(named: "multipliers") {
                let last = $0.layers[2]
                $0.layers[2] = Student.QuantisedLayer(
                    weight: last.weight, bias: last.bias, weightScale: last.weightScale,
                    outputScale: last.outputScale, inputScale: 0.1)
            },
            Flaw(named: "golden") { $0.golden = [] },
            Flaw(named: "golden") { $0.golden[0].input.removeLast() },
            Flaw(named: "base") { $0.base = "abc" },
            Flaw(named: "ReLU follows") { $0.spec.layers.insert(.relu, at: 3) },
            Flaw(named: "batch norm") { $0.spec.layers.insert(.batchNorm, at: 0) },
            Flaw(named: "only teachers") { $0.spec.layers.insert(.residual([.relu]), at: 0) },
            Flaw(named: "padding included") {
                $0.spec.layers[0] = .convolution(filters: 4096, kernel: 5, stride: 2)
                $0.spec.layers[3] = .depthwiseConvolution(kernel: 512, stride: 1, dilation: 1024)
            },
            Flaw(named: "last layer is dense") { $0.spec.layers.removeLast() },
            Flaw(named: "no sample is left") { $0.spec.layers[2] = .maxPool(size: 21) },
        ]
    }

    @Test("Limits of the task hold for parameters and bytes")
    func limits() throws {
        var student = Student.random()
        let bytes = student.encode().count
        try student.validateLimits(fileBytes: bytes)
        #expect(throws: ArtifactError.self) { try student.validateLimits(fileBytes: student.task.student.bytes + 1) }
        student.task.student.parameters = student.spec.parameterCount - 1
        let error = #expect(throws: ArtifactError.self) { try student.validateLimits(fileBytes: bytes) }
        #expect(error?.code == .overLimit)
    }

    @Test("A file of another format is refused as such", arguments: ["1", "3", "two"])
    func otherFormat(format: String) throws {
        var file = try Safetensors(decoding: Student.random().encode())
        file.metadata["retort.format"] = format
        let error = #expect(throws: ArtifactError.self) { try Student(decoding: file.encode()) }
        #expect(error?.code == .unsupportedFormat)
    }

    @Test("A missing entry, a missing tensor and a wrong element type are named")
    func missingParts() throws {
        let file = try Safetensors(decoding: Student.random().encode())
        for key in ["retort.format", "task", "spec", "normalisation", "scales", "gate"] {
            var changed = file
            changed.metadata[key] = nil
            let error = #expect(throws: ArtifactError.self) { try Student(decoding: changed.encode()) }
            #expect(error?.code == .missing)
            #expect(error?.message.contains(key) == true)
        }
        for (index, tensor) in file.tensors.enumerated() {
            var changed = file
            changed.tensors.remove(at: index)
            #expect(throws: ArtifactError.self) { try Student(decoding: changed.encode()) }
            changed = file
            changed.tensors[index] = SafetensorsTensor(
                name: tensor.name, element: tensor.element.size == 1 ? .bool : tensor.element == .i32 ? .f32 : .i32,
                shape: tensor.shape,
                bytes: tensor.bytes)
            let error = #expect(throws: ArtifactError.self) { try Student(decoding: changed.encode()) }
            #expect(error?.message.contains(tensor.name) == true)
        }
    }

    @Test("Digests are those of FIPS 180-4, and of swift-crypto for every length")
    func digests() {
        #expect(
            ContentDigest(of: []).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            ContentDigest(of: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)).hex
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            ContentDigest(of: Array(repeating: UInt8(ascii: "a"), count: 1_000_000)).hex
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        var random = TestRandom(seed: 7)
        for count in 0..<400 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(ContentDigest(of: bytes).bytes == Array(Crypto.SHA256.hash(data: bytes)))
        }
    }

    @Test("A digest is that of FIPS 180-4 and reads back")
    func digest() {
        let digest = ContentDigest(of: Array("abc".utf8))
        #expect(digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(ContentDigest(hex: digest.hex) == digest)
        #expect(ContentDigest(bytes: digest.bytes) == digest)
        #expect(ContentDigest(hex: digest.hex.uppercased()) == nil)
        #expect(ContentDigest(hex: "abc") == nil)
    }
}
