import ModelArtifact

/// Small networks that have every layer between them, inputs through each included.
enum GradientNetworks {
    static let all: [(name: String, spec: NetworkSpec)] = convolutions + activations + pools + others

    private static func spec(_ layers: [NetworkSpec.Layer]) -> NetworkSpec { spec(11, layers) }

    private static func spec(_ samples: Int, _ layers: [NetworkSpec.Layer]) -> NetworkSpec {
        NetworkSpec(samples: samples, channels: 2, layers: layers)
    }

    private static let convolutions: [(name: String, spec: NetworkSpec)] = [
        ("convolution", spec([.convolution(filters: 4, kernel: 3, stride: 1), .dense(units: 3)])),
        (
            "strides",
            spec([
                .convolution(filters: 3, kernel: 5, stride: 1), .convolution(filters: 4, kernel: 5, stride: 2),
                .convolution(filters: 3, kernel: 3, stride: 3), .convolution(filters: 2, kernel: 4, stride: 1),
                .globalAveragePool, .dense(units: 3),
            ])
        ),
        (
            "a kernel shorter than its stride",
            spec([
                .convolution(filters: 3, kernel: 2, stride: 1), .convolution(filters: 4, kernel: 1, stride: 2),
                .convolution(filters: 3, kernel: 2, stride: 3), .dense(units: 2),
            ])
        ),
        (
            "dilation",
            spec([
                .convolution(filters: 3, kernel: 3, stride: 1, dilation: 2),
                .convolution(filters: 4, kernel: 3, stride: 2, dilation: 3), .dense(units: 3),
            ])
        ),
        (
            "depthwise and pointwise",
            spec([
                .depthwiseConvolution(kernel: 3, stride: 1), .convolution(filters: 4, kernel: 1, stride: 1),
                .depthwiseConvolution(kernel: 4, stride: 2, dilation: 2), .dense(units: 3),
            ])
        ),
        (
            "two dimensions",
            spec(
                13,
                [
                    .spectrogram(frame: 6, hop: 2), .convolution2D(filters: 3, kernel: .init(3, 3)), .batchNorm, .relu,
                    .convolution2D(filters: 4, kernel: .init(2, 3), stride: .init(2, 1)),
                    .convolution2D(filters: 2, kernel: .init(3, 2), stride: .init(1, 3)), .dense(units: 3),
                ])
        ),
    ]

    private static let activations: [(name: String, spec: NetworkSpec)] = [
        ("relu6", NetworkSpec.Layer.relu6), ("gelu", .gelu), ("sigmoid", .sigmoid), ("tanh", .tanh),
        ("softmax", .softmax),
    ].map { name, layer in
        (name, spec([.convolution(filters: 4, kernel: 3, stride: 1), layer, .dense(units: 3)]))
    }

    private static let pools: [(name: String, spec: NetworkSpec)] = [
        (
            "pools with a rest",
            spec([
                .convolution(filters: 3, kernel: 3, stride: 1), .maxPool(size: 2),
                .convolution(filters: 3, kernel: 3, stride: 1), .averagePool(size: 2), .dense(units: 2),
            ])
        ),
        (
            "pools of two dimensions with rests",
            spec(
                15,
                [
                    .spectrogram(frame: 8, hop: 1), .convolution2D(filters: 3, kernel: .init(1, 1)),
                    .maxPool2D(size: .init(3, 2)), .averagePool2D(size: .init(2, 1)), .dense(units: 3),
                ])
        ),
        (
            "global maximum over two dimensions",
            spec([.spectrogram(frame: 4, hop: 3), .globalMaxPool, .dense(units: 3)])
        ),
    ]

    private static let others: [(name: String, spec: NetworkSpec)] = [
        (
            "batch norm with and without ReLU",
            spec([
                .convolution(filters: 3, kernel: 3, stride: 1), .batchNorm, .relu,
                .convolution(filters: 4, kernel: 3, stride: 2), .batchNorm, .globalAveragePool, .dense(units: 3),
            ])
        ),
        (
            "ReLU and dropout",
            spec([
                .convolution(filters: 4, kernel: 3, stride: 1), .relu, .dropout(rate: 0.3), .dense(units: 5), .relu,
                .dense(units: 3),
            ])
        ),
        ("recurrent, whole sequence", spec(5, [.gru(units: 3, sequence: true), .dense(units: 2)])),
        (
            "recurrent, last state",
            spec(
                7, [.convolution(filters: 3, kernel: 3, stride: 1), .gru(units: 4, sequence: false), .dense(units: 2)])
        ),
        (
            "residual, identity",
            spec([
                .residual([.convolution(filters: 4, kernel: 3, stride: 1), .gelu]), .relu,
                .residual([
                    .convolution(filters: 3, kernel: 3, stride: 1), .batchNorm, .relu, .dropout(rate: 0.2),
                    .convolution(filters: 4, kernel: 5, stride: 1), .batchNorm,
                ]), .dense(units: 3),
            ])
        ),
        (
            "residual, projected in two dimensions",
            spec(
                17,
                [
                    .spectrogram(frame: 6, hop: 2),
                    .residual([
                        .convolution2D(filters: 3, kernel: .init(3, 3), stride: .init(2, 2)), .tanh,
                        .convolution2D(filters: 3, kernel: .init(3, 3)),
                    ]), .globalAveragePool, .dense(units: 2),
                ])
        ),
    ]
}
