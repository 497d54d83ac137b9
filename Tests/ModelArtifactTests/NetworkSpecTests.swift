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

    /// What only teachers have, along samples.
    static let sequences = NetworkSpec(
        samples: 100, channels: 6,
        layers: [
            .depthwiseConvolution(kernel: 5, stride: 2, dilation: 3), .convolution(filters: 8, kernel: 1, stride: 1),
            .relu6, .convolution(filters: 8, kernel: 3, stride: 1, dilation: 4), .gelu,
            .residual([.convolution(filters: 10, kernel: 3, stride: 2), .batchNorm, .sigmoid]), .tanh,
            .residual([.convolution(filters: 10, kernel: 3, stride: 1)]), .gru(units: 7, sequence: true),
            .gru(units: 5, sequence: false), .dense(units: 4), .softmax,
        ])

    /// What only teachers have, in two dimensions.
    static let planes = NetworkSpec(
        samples: 100, channels: 2,
        layers: [
            .spectrogram(frame: 32, hop: 16),
            .convolution2D(filters: 3, kernel: NetworkSpec.Size2D(3, 5), stride: NetworkSpec.Size2D(1, 2)),
            .maxPool2D(size: NetworkSpec.Size2D(1, 2)), .averagePool2D(size: NetworkSpec.Size2D(2, 2)),
            .residual([.convolution2D(filters: 3, kernel: NetworkSpec.Size2D(3, 3))]), .globalMaxPool,
            .dense(units: 4),
        ])

    @Test("Every layer reads back equal", arguments: [everything, sequences, planes])
    func roundTrip(spec: NetworkSpec) throws {
        try spec.validate()
        #expect(try NetworkSpec(json: JSONValue(parsing: spec.json.text)) == spec)
    }

    @Test("Layers of the first version read as before, and are written as before")
    func firstVersion() throws {
        let text =
            #"{"samples":10,"channels":1,"layers":[{"type":"convolution","filters":4,"kernel":3,"stride":1},"#
            + #"{"type":"relu"},{"type":"dense","units":2}]}"#
        let spec = try NetworkSpec(json: JSONValue(parsing: text))
        #expect(spec.layers[0] == .convolution(filters: 4, kernel: 3, stride: 1, dilation: 1))
        #expect(spec.json == (try JSONValue(parsing: text)))
    }

    @Test("Extents, parameters and multiply-accumulates are those counted by hand")
    func counts() {
        let extents = Self.everything.extents
        #expect(extents.map(\.samples) == [100, 50, 50, 50, 25, 25, 8, 1, 1])
        #expect(extents.map(\.channels) == [6, 12, 12, 12, 12, 12, 12, 12, 18])
        #expect(Self.everything.parameterCount == 12 * 31 + 24 + 18 * 13)
        #expect(Self.everything.multiplyAccumulates == 50 * 12 * 30 + 18 * 12)
    }

    @Test("The same holds for sequences, residual layers and recurrent ones")
    func sequenceCounts() {
        let extents = Self.sequences.extents
        #expect(extents.map(\.samples) == [100, 50, 50, 50, 50, 50, 25, 25, 25, 25, 1, 1, 1])
        #expect(extents.map(\.channels) == [6, 6, 8, 8, 8, 8, 10, 10, 10, 7, 5, 4, 4])
        let residual = (10 * 25 + 20) + 10 * 9
        let recurrent = 3 * 7 * (10 + 7 + 2) + 3 * 5 * (7 + 5 + 2)
        #expect(
            Self.sequences.parameterCount
                == 6 * 6 + 8 * 7 + 8 * 25 + residual + 10 * 31 + recurrent + 4 * 6)
        #expect(
            Self.sequences.multiplyAccumulates
                == 50 * 6 * 5 + 50 * 8 * 6 + 50 * 8 * 24 + 25 * 10 * (24 + 8) + 25 * 10 * 30 + 25 * 21 * 17
                + 25 * 15 * 12 + 4 * 5)
    }

    @Test("The same holds in two dimensions")
    func planeCounts() {
        let extents = Self.planes.extents
        #expect(extents.map(\.samples) == [100, 5, 5, 5, 2, 2, 1, 1])
        #expect(extents.map(\.columns) == [1, 17, 9, 4, 2, 2, 1, 1])
        #expect(extents.map(\.channels) == [2, 2, 3, 3, 3, 3, 3, 4])
        #expect(Self.planes.parameterCount == 3 * 31 + 3 * 28 + 4 * 4)
        #expect(
            Self.planes.multiplyAccumulates
                == 5 * 17 * 2 * 64 + 5 * 9 * 3 * 30 + 2 * 2 * 3 * 27 + 4 * 3)
    }

    @Test(
        "Layers that do not fit are refused by name",
        arguments: [
            ([NetworkSpec.Layer.spectrogram(frame: 101, hop: 4)], "layers[0].frame"),
            ([.spectrogram(frame: 16, hop: 17)], "layers[0].hop"),
            ([.spectrogram(frame: 16, hop: 8), .gru(units: 4, sequence: true)], "layers[1]: 9 columns"),
            ([.spectrogram(frame: 16, hop: 8), .maxPool2D(size: NetworkSpec.Size2D(2, 10))], "layers[1]: no column"),
            ([.convolution2D(filters: 4, kernel: NetworkSpec.Size2D(3, 0))], "layers[0].kernel[1]"),
            ([.convolution(filters: 4, kernel: 3, stride: 1, dilation: 0)], "layers[0].dilation"),
            ([.depthwiseConvolution(kernel: 0, stride: 1)], "layers[0].kernel"),
            ([.gru(units: 0, sequence: true)], "layers[0].units"),
            ([.residual([])], "layers[0].block: 1 to 16"),
            ([.residual([.relu, .dropout(rate: 1)])], "layers[0].block[1].rate"),
            ([.residual([.residual([.relu])])], "layers[0].block: a residual layer holds"),
            ([.residual([.maxPool(size: 7)])], "layers[0]: no stride leads from 100"),
        ])
    func refusedByName(layers: [NetworkSpec.Layer], name: String) {
        let error = #expect(throws: ArtifactError.self) {
            try NetworkSpec(samples: 100, channels: 3, layers: layers).validate()
        }
        #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
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
