import JSON
import ModelArtifact
import Testing

@Suite("Safetensors") struct SafetensorsTests {
    static func file(_ header: String, data: Int = 0) -> [UInt8] {
        let text = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
            + [UInt8](repeating: 0, count: data)
    }

    @Test("Tensors and strings read back, aligned and in a fixed order")
    func roundTrip() throws {
        let tensors = [
            SafetensorsTensor(name: "b", shape: [3], [1, 2, 3] as [Int8]),
            SafetensorsTensor(name: "a", shape: [2, 2], [1.5, -0, .pi, .greatestFiniteMagnitude] as [Float]),
            SafetensorsTensor(name: "scalar", shape: [], [7] as [Int32]),
            SafetensorsTensor(name: "empty", shape: [0, 4], [] as [UInt8]),
        ]
        let bytes = Safetensors(metadata: ["zeta": "ü\n\"", "alpha": "1"], tensors: tensors).encode()
        let read = try Safetensors(decoding: bytes)
        #expect(read.tensors.map(\.name) == ["a", "scalar", "b", "empty"])
        #expect(read.metadata == ["zeta": "ü\n\"", "alpha": "1"])
        #expect(try read.tensor("a").floats() == [1.5, -0, .pi, .greatestFiniteMagnitude])
        #expect(try read.tensor("scalar").int32s() == [7])
        #expect(try read.tensor("b").int8s() == [1, 2, 3])
        #expect(bytes == Safetensors(metadata: read.metadata, tensors: tensors.reversed()).encode())
        #expect((8 + Int(bytes[0]) + Int(bytes[1]) << 8) % 8 == 0)
    }

    @Test("A file in another order than ours, with trailing spaces in the header, is read")
    func foreign() throws {
        let read = try Safetensors(
            decoding: Self.file(
                #"{"x":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},"y":{"shape":[1],"dtype":"F32","data_offsets":[0,4]}}  "#,
                data: 6))
        #expect(read.tensors.map(\.name) == ["y", "x"])
    }

    @Test(
        "A header that lies is refused",
        arguments: [
            (#"{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,3]}}"#, 3),  // shape against offsets
            (#"{"x":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}"#, 3),  // beyond the end
            (#"{"x":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, 3),  // gap before
            (#"{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 3),  // bytes after
            (
                #"{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
                3
            ),
            (
                #"{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"x":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#,
                3
            ),
            (#"{"x":{"dtype":"Q4","shape":[3],"data_offsets":[0,3]}}"#, 3),
            (#"{"x":{"dtype":"U8","shape":[-3],"data_offsets":[0,3]}}"#, 3),
            (#"{"x":{"dtype":"U8","shape":[1.5],"data_offsets":[0,3]}}"#, 3),
            (#"{"x":{"dtype":"U8","shape":[3],"data_offsets":[3,0]}}"#, 3),
            (#"{"x":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, 0),
            (#"{"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,3],"data_offsets":[0,3]}}"#, 3),
            (#"{"x":{"dtype":"U8","shape":[3]}}"#, 3), (#"{"x":7}"#, 0), (#"{"__metadata__":{"a":1}}"#, 0),
            (#"{"__metadata__":[]}"#, 0), ("[]", 0), ("", 0), (" {}", 0), ("{", 0),
        ])
    func lies(header: String, data: Int) {
        #expect(throws: ArtifactError.self) { try Safetensors(decoding: Self.file(header, data: data)) }
    }

    @Test("A header that claims to be huge is refused by its first eight bytes")
    func hugeHeader() {
        for claim in [UInt64.max, 1 << 63, 100 << 20] {
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: claim >> (8 * UInt64($0))) } + Array("{}".utf8)
            let error = #expect(throws: ArtifactError.self) { try Safetensors(decoding: bytes) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test("More tensors than the limit are refused")
    func manyTensors() {
        let tensors = (0..<20).map { SafetensorsTensor(name: "t\($0)", shape: [1], [0] as [UInt8]) }
        let bytes = Safetensors(tensors: tensors).encode()
        #expect(throws: ArtifactError.self) { try Safetensors(decoding: bytes, limits: .init(tensors: 19)) }
    }
}
