extension NetworkSpec {
    /// Checks that extents are positive all the way, and that no size is absurd.
    ///
    /// - Throws: ``ArtifactError`` `.inconsistent` or `.tooLarge`, naming the layer.
    public func validate() throws(ArtifactError) {
        guard (1...65_536).contains(samples), (1...256).contains(channels), samples * channels <= 1 << 20 else {
            throw ArtifactError(.tooLarge, "an input of \(samples) samples × \(channels) channels is out of range")
        }
        _ = try Self.validate(layers, "layers", 1...128, from: input)
    }

    /// - Returns: the extent behind the last layer.
    private static func validate(
        _ layers: [Layer], _ name: String, _ counts: ClosedRange<Int>, from input: Extent
    ) throws(ArtifactError) -> Extent {
        guard counts.contains(layers.count) else {
            throw ArtifactError(
                .tooLarge, "\(name): \(counts.lowerBound) to \(counts.upperBound) layers, not \(layers.count)")
        }
        // Extent by extent: the products in `extents` must not overflow before they are checked.
        var extent = input
        for (index, layer) in layers.enumerated() {
            let name = "\(name)[\(index)]"
            try validate(layer, name, input: extent)
            if case .residual(let block) = layer { try validate(residual: block, name, input: extent) }
            let weights = layer.parameterCount(on: extent)
            guard weights <= 1 << 26 else {
                throw ArtifactError(.tooLarge, "\(name): \(weights) weights are too many")
            }
            extent = layer.output(of: extent)
            guard extent.samples > 0, extent.columns > 0 else {
                throw ArtifactError(
                    .inconsistent, "\(name): no \(extent.samples > 0 ? "column" : "sample") is left after this layer")
            }
            guard extent.count <= 1 << 24 else {
                throw ArtifactError(.tooLarge, "\(name): \(extent.count) activations are too many")
            }
        }
        return extent
    }

    private static func validate(residual block: [Layer], _ name: String, input: Extent) throws(ArtifactError) {
        for layer in block {
            if case .residual = layer {
                throw ArtifactError(.inconsistent, "\(name).block: a residual layer holds no further one")
            }
        }
        let output = try validate(block, "\(name).block", 1...16, from: input)
        guard Shortcut(from: input, to: output) != nil else {
            throw ArtifactError(
                .inconsistent,
                "\(name): no stride leads from \(input.samples) × \(input.columns) positions to the block's "
                    + "\(output.samples) × \(output.columns)")
        }
    }

    private static func validate(_ layer: Layer, _ name: String, input: Extent) throws(ArtifactError) {
        func check(_ value: Int, _ range: ClosedRange<Int>, _ key: String) throws(ArtifactError) {
            guard range.contains(value) else {
                throw ArtifactError(.inconsistent, "\(name).\(key): \(value) is not within \(range)")
            }
        }
        func check(_ size: Size2D, _ range: ClosedRange<Int>, _ key: String) throws(ArtifactError) {
            try check(size.rows, range, "\(key)[0]")
            try check(size.columns, range, "\(key)[1]")
        }
        if layer.needsOneColumn, input.columns > 1 {
            throw ArtifactError(
                .inconsistent, "\(name): \(input.columns) columns; this layer takes (samples × channels) only")
        }
        switch layer {
        case .convolution(let filters, let kernel, let stride, let dilation):
            try check(filters, 1...4096, "filters")
            try check(kernel, 1...1024, "kernel")
            try check(stride, 1...1024, "stride")
            try check(dilation, 1...1024, "dilation")
        case .depthwiseConvolution(let kernel, let stride, let dilation):
            try check(kernel, 1...1024, "kernel")
            try check(stride, 1...1024, "stride")
            try check(dilation, 1...1024, "dilation")
        case .convolution2D(let filters, let kernel, let stride):
            try check(filters, 1...4096, "filters")
            try check(kernel, 1...64, "kernel")
            try check(stride, 1...64, "stride")
        case .spectrogram(let frame, let hop):
            try check(frame, 2...min(4096, max(2, input.samples)), "frame")
            try check(hop, 1...frame, "hop")
        case .maxPool(let size), .averagePool(let size): try check(size, 1...65_536, "size")
        case .maxPool2D(let size), .averagePool2D(let size): try check(size, 1...65_536, "size")
        case .dense(let units):
            try check(units, 1...4096, "units")
            guard units * input.count <= 1 << 24 else {
                throw ArtifactError(.tooLarge, "\(name): \(units * input.count) weights are too many")
            }
        case .gru(let units, _): try check(units, 1...1024, "units")
        case .dropout(let rate):
            guard rate >= 0, rate < 1 else {
                throw ArtifactError(.inconsistent, "\(name).rate: \(rate) is not within 0..<1")
            }
        case .batchNorm, .relu, .relu6, .gelu, .sigmoid, .tanh, .softmax, .globalAveragePool, .globalMaxPool,
            .residual:
            break
        }
    }

    /// Positions in ``layers`` of what has weights on an int8 grid: convolution, depthwise convolution and dense.
    public var weightedLayers: [Int] {
        layers.indices.filter { index in
            switch layers[index] {
            case .convolution, .depthwiseConvolution, .dense: true
            default: false
            }
        }
    }

    /// Shape of the weights at a position of ``weightedLayers``: outputs × inputs, where a convolution's inputs are
    /// kernel × channels and those of a depthwise one its kernel.
    public func weightShape(at index: Int) -> (outputs: Int, inputs: Int) {
        let input = extents[index]
        switch layers[index] {
        case .convolution(let filters, let kernel, _, _): return (filters, kernel * input.channels)
        case .depthwiseConvolution(let kernel, _, _): return (input.channels, kernel)
        case .dense(let units): return (units, input.count)
        default: preconditionFailure("layers[\(index)] has no weights")
        }
    }

    /// Zero point of a student's u8 activation before each layer and after the last: 128 for the input and behind a
    /// weighted layer without a ReLU, 0 behind one with; other layers keep it. The last layer's logits have none.
    public var activationZeroPoints: [UInt8] {
        let weighted = Set(weightedLayers)
        var points: [UInt8] = [128]
        for index in layers.indices {
            let isRectified = index + 1 < layers.count && layers[index + 1] == .relu
            points.append(weighted.contains(index) ? (isRectified ? 0 : 128) : points[index])
        }
        return points
    }

    /// Zero-point samples that a layer reads before and after its input; none but convolutions read any.
    public func padding(at index: Int) -> (before: Int, after: Int) {
        switch layers[index] {
        case .convolution(_, let kernel, let stride, let dilation),
            .depthwiseConvolution(let kernel, let stride, let dilation):
            Self.padding(samples: extents[index].samples, kernel: kernel, stride: stride, dilation: dilation)
        default: (0, 0)
        }
    }
}

extension NetworkSpec.Layer {
    /// Whether the layer goes along samples and so takes (samples × channels) alone.
    fileprivate var needsOneColumn: Bool {
        switch self {
        case .convolution, .depthwiseConvolution, .spectrogram, .maxPool, .averagePool, .gru: true
        default: false
        }
    }
}
