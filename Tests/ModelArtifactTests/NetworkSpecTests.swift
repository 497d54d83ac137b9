import JSON
import ModelArtifact
import Testing

@Suite("Network spec") struct NetworkSpecTests {
    static let everything = NetworkSpec(
        samples: 100, channels: 6,
        layers: [
            .convolution(filters: 12, kernel: 5, stride: 2), .batchNorm, .relu, .maxPool(size: 2), .dropout(rate: 0.3),
            .averagePool(size: 3), .globalAveragePool, .dense(units: 18),
        ])

    @Test("Every layer reads back equal")
    func roundTrip() throws {
        #expect(try NetworkSpec(json: JSONValue(parsing: Self.everything.json.text)) == Self.everything)
    }

    @Test("Extents, parameters and multiply-accumulates are those counted by hand")
    func counts() {
        let extents = Self.everything.extents
        #expect(extents.map(\.samples) == [100, 50, 50, 50, 25, 25, 8, 1, 1])
        #expect(extents.map(\.channels) == [6, 12, 12, 12, 12, 12, 12, 12, 18])
        #expect(Self.everything.parameterCount == 12 * 31 + 24 + 18 * 13)
        #expect(Self.everything.multiplyAccumulates == 50 * 12 * 30 + 18 * 12)
    }

    @Test(
        "A spec that no network fits is refused",
        arguments: [
            #"{"samples":0,"channels":1,"layers":[{"type":"relu"}]}"#,
            #"{"samples":10,"channels":1,"layers":[]}"#,
            #"{"samples":10,"channels":1,"layers":[{"type":"maxPool","size":11}]}"#,
            #"{"samples":10,"channels":1,"layers":[{"type":"maxPool","size":0}]}"#,
            #"{"samples":10,"channels":1,"layers":[{"type":"convolution","filters":4,"kernel":3,"stride":0}]}"#,
            #"{"samples":10,"channels":1,"layers":[{"type":"convolution","filters":9223372036854775807,"kernel":3,"stride":1}]}"#,
            #"{"samples":10,"channels":1,"layers":[{"type":"attention"}]}"#,
            #"{"samples":10,"channels":1,"layers":[{"type":"dropout","rate":1}]}"#,
            #"{"samples":65536,"channels":256,"layers":[{"type":"relu"}]}"#,
        ])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try NetworkSpec(json: JSONValue(parsing: text)) }
    }

    @Test(
        "Padding follows TensorFlow's SAME",
        arguments: [(100, 5, 2, 1, 2), (50, 5, 2, 1, 2), (7, 3, 1, 1, 1), (8, 2, 4, 0, 0)])
    func padding(samples: Int, kernel: Int, stride: Int, before: Int, after: Int) {
        let padding = NetworkSpec.padding(samples: samples, kernel: kernel, stride: stride)
        #expect(padding == (before, after))
    }
}
