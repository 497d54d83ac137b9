extension NetworkSpec {
    /// Checks that extents are positive all the way, and that no size is absurd.
    ///
    /// - Throws: ``ArtifactError`` `.inconsistent` or `.tooLarge`, naming the layer.
    public func validate() throws(ArtifactError) {
        guard (1...65_536).contains(samples), (1...256).contains(channels), samples * channels <= 1 << 20 else {
            throw ArtifactError(.tooLarge, "an input of \(samples) samples × \(channels) channels is out of range")
        }
        guard (1...128).contains(layers.count) else {
            throw ArtifactError(.tooLarge, "a network has 1 to 128 layers, not \(layers.count)")
        }
        // Extent by extent: the products in `extents` must not overflow before they are checked.
        var extent = Extent(samples: samples, channels: channels)
        for (index, layer) in layers.enumerated() {
            try Self.validate(layer, at: index, input: extent)
            extent = NetworkSpec(samples: extent.samples, channels: extent.channels, layers: [layer]).extents[1]
            guard extent.samples > 0 else {
                throw ArtifactError(.inconsistent, "layers[\(index)]: no sample is left after this pooling")
            }
            guard extent.count <= 1 << 24 else {
                throw ArtifactError(.tooLarge, "layers[\(index)]: \(extent.count) activations are too many")
            }
        }
    }

    private static func validate(_ layer: Layer, at index: Int, input: Extent) throws(ArtifactError) {
        func check(_ value: Int, _ range: ClosedRange<Int>, _ key: String) throws(ArtifactError) {
            guard range.contains(value) else {
                throw ArtifactError(.inconsistent, "layers[\(index)].\(key): \(value) is not within \(range)")
            }
        }
        switch layer {
        case .convolution(let filters, let kernel, let stride):
            try check(filters, 1...4096, "filters")
            try check(kernel, 1...1024, "kernel")
            try check(stride, 1...1024, "stride")
        case .maxPool(let size), .averagePool(let size): try check(size, 1...65_536, "size")
        case .dense(let units):
            try check(units, 1...4096, "units")
            guard units * input.count <= 1 << 24 else {
                throw ArtifactError(.tooLarge, "layers[\(index)]: \(units * input.count) weights are too many")
            }
        case .dropout(let rate):
            guard rate >= 0, rate < 1 else {
                throw ArtifactError(.inconsistent, "layers[\(index)].rate: \(rate) is not within 0..<1")
            }
        case .batchNorm, .relu, .globalAveragePool: break
        }
    }

    /// Positions in ``layers`` of what has weights: convolution and dense.
    public var weightedLayers: [Int] {
        layers.indices.filter { index in
            switch layers[index] {
            case .convolution, .dense: true
            default: false
            }
        }
    }

    /// Shape of the weights at a position of ``weightedLayers``: outputs × inputs, where a convolution's inputs are
    /// kernel × channels.
    public func weightShape(at index: Int) -> (outputs: Int, inputs: Int) {
        let input = extents[index]
        switch layers[index] {
        case .convolution(let filters, let kernel, _): return (filters, kernel * input.channels)
        case .dense(let units): return (units, input.count)
        default: preconditionFailure("layers[\(index)] has no weights")
        }
    }
}
