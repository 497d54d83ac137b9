import ModelArtifact
import NeuralNetwork

extension ONNXGraphReader {
    /// A convolution or pool along samples, as one of the node's spatial axes has it.
    private struct Slide {
        var kernel: Int
        var stride: Int
        var dilation: Int
        var before: Int
        var after: Int
    }

    /// - Throws: ``ExchangeError`` `.unsupported` that names the attribute at fault.
    private func slide(_ node: ONNXNode, _ stream: ONNXStream, kernel: [Int]) throws(ExchangeError) -> Slide {
        guard stream.axes.first == .channels else {
            throw node.unsupported("channels must stand before samples")
        }
        let spatial = Array(stream.axes.dropFirst())
        // A single sample is an axis of extent 1 like any.
        guard let along = spatial.firstIndex(of: .samples) ?? spatial.indices.last, kernel.count == spatial.count else {
            throw node.unsupported("a kernel \(kernel) over \(stream.shape)")
        }
        let strides = node.ints("strides") ?? spatial.map { _ in 1 }
        let dilations = node.ints("dilations") ?? spatial.map { _ in 1 }
        var pads = node.ints("pads") ?? spatial.flatMap { _ in [0, 0] }
        guard strides.count == spatial.count, dilations.count == spatial.count, pads.count == 2 * spatial.count else {
            throw node.unsupported("strides, dilations or pads for another number of axes")
        }
        let (all, sizes) = (strides + dilations + kernel, stream.shape)
        guard all.allSatisfy({ (1...65_536).contains($0) }), pads.allSatisfy({ (0...65_536).contains($0) }) else {
            throw node.unsupported("strides, dilations, kernel or pads out of range")
        }
        let mode = node.string("auto_pad") ?? "NOTSET"
        for index in spatial.indices {
            let padding = NetworkSpec.padding(
                samples: sizes[index + 1], kernel: kernel[index], stride: strides[index], dilation: dilations[index])
            switch mode {
            case "NOTSET": break
            case "VALID": (pads[index], pads[spatial.count + index]) = (0, 0)
            case "SAME_UPPER": (pads[index], pads[spatial.count + index]) = padding
            case "SAME_LOWER": (pads[spatial.count + index], pads[index]) = padding
            default: throw node.unsupported("auto_pad is \"\(mode)\"")
            }
            guard index == along || (kernel[index] == 1 && strides[index] == 1 && pads[index] == 0) else {
                throw node.unsupported("a kernel \(kernel) that goes along more than samples")
            }
        }
        return Slide(
            kernel: kernel[along], stride: strides[along], dilation: dilations[along], before: pads[along],
            after: pads[spatial.count + along])
    }

    mutating func convolve(_ node: ONNXNode, _ stream: inout ONNXStream) throws(ExchangeError) {
        try node.allow(["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"])
        let constant = try constant(node, 1)
        let channels = stream.extent.channels
        let group = node.int("group") ?? 1
        guard constant.shape.count == stream.axes.count + 1, constant.count > 0 else {
            throw node.unsupported("weights of shape \(constant.shape) for \(stream.shape)")
        }
        let kernel = Array(constant.shape.dropFirst(2))
        let slide = try slide(node, stream, kernel: kernel)
        let (filters, inputs) = (constant.shape[0], constant.shape[1])
        let isDepthwise = group != 1 && group == channels && filters == channels && inputs == 1
        guard isDepthwise || (group == 1 && inputs == channels) else {
            throw node.unsupported("group \(group) over \(channels) channels with \(filters) filters")
        }
        guard let (taps, leading) = Self.widened(slide, samples: stream.extent.samples) else {
            throw node.unsupported(
                "pads [\(slide.before), \(slide.after)] over \(stream.extent.samples) samples; a convolution here keeps "
                    + "⌈samples / stride⌉ of them and has at most \(Self.longest) taps")
        }
        guard filters * inputs <= 1 << 26, filters * inputs * taps <= 1 << 26 else {
            throw ExchangeError(.tooLarge, "\(node.title): \(filters * inputs * taps) weights are too many")
        }
        if taps != slide.kernel {
            notes.append("\(node.title): \(taps - slide.kernel) zeros widen the kernel, for the sake of its padding")
        }
        let given = try constant.floats()
        var weight = [Float](repeating: 0, count: filters * taps * inputs)
        for filter in 0..<filters {
            for channel in 0..<inputs {
                for tap in 0..<slide.kernel {
                    weight[(filter * taps + leading + tap) * inputs + channel] =
                        given[(filter * inputs + channel) * slide.kernel + tap]
                }
            }
        }
        var bias = [Float](repeating: 0, count: filters)
        if node.input(at: 2) != nil { bias = try self.constant(node, 2).floats() }
        guard bias.count == filters else { throw node.unsupported("\(bias.count) biases for \(filters) filters") }
        append(
            isDepthwise
                ? .depthwiseConvolution(kernel: taps, stride: slide.stride, dilation: slide.dilation)
                : .convolution(filters: filters, kernel: taps, stride: slide.stride, dilation: slide.dilation), &stream,
            [
                .init(name: "weight", shape: isDepthwise ? [filters, taps] : [filters, taps, inputs], values: weight),
                .init(name: "bias", shape: [filters], values: bias),
            ])
    }

    /// Taps that a convolution of ours has at most.
    private static let longest = 1024

    /// A kernel with zeros around it, for which the padding of a spec reads the samples that the given padding does.
    ///
    /// A symmetric padding with a stride begins elsewhere than ours, and so does a causal one.
    ///
    /// - Returns: taps, and how many zeros come first; nothing where another number of samples is left.
    private static func widened(_ slide: Slide, samples: Int) -> (taps: Int, leading: Int)? {
        let reach = (slide.kernel - 1) * slide.dilation + 1
        let padded = samples + slide.before + slide.after
        guard padded >= reach, (padded - reach) / slide.stride + 1 == (samples + slide.stride - 1) / slide.stride else {
            return nil
        }
        guard slide.kernel <= longest else { return nil }
        for extra in 0...longest - slide.kernel {
            let ours = NetworkSpec.padding(
                samples: samples, kernel: slide.kernel + extra, stride: slide.stride, dilation: slide.dilation
            ).before
            let (leading, rest) = (ours - slide.before).quotientAndRemainder(dividingBy: slide.dilation)
            if rest == 0, (0...extra).contains(leading) { return (slide.kernel + extra, leading) }
        }
        return nil
    }

    mutating func pool(_ node: ONNXNode, _ stream: inout ONNXStream) throws(ExchangeError) {
        try node.allow([
            "auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "storage_order",
            "strides",
        ])
        guard node.output.count == 1 else { throw node.unsupported("indices of maxima are not known here") }
        let kernel = node.ints("kernel_shape") ?? []
        let slide = try slide(node, stream, kernel: kernel)
        let samples = stream.extent.samples
        guard slide.stride == slide.kernel || slide.kernel == samples else {
            throw node.unsupported(
                "strides [\(slide.stride)] beside a kernel of \(slide.kernel); pools here do not overlap")
        }
        guard slide.before == 0, slide.after == 0, slide.dilation == 1 else {
            throw node.unsupported("pads or dilations of a pool are not known here")
        }
        guard node.int("ceil_mode") ?? 0 == 0 || samples % slide.kernel == 0, slide.kernel <= samples else {
            throw node.unsupported("ceil_mode 1 keeps a rest; pools here leave it out")
        }
        append(
            node.opType == "MaxPool" ? .maxPool(size: slide.kernel) : .averagePool(size: slide.kernel), &stream)
    }

    mutating func poolAll(_ node: ONNXNode, _ stream: inout ONNXStream) throws(ExchangeError) {
        let isMaximum = node.opType == "GlobalMaxPool" || node.opType == "ReduceMax"
        if node.opType.hasPrefix("Global") {
            guard stream.axes.first == .channels else { throw node.unsupported("channels must stand before samples") }
            stream.axes = [.channels] + stream.axes.dropFirst().map { _ in .one }
        } else {
            let axes = try axes(node, rank: stream.axes.count + 1) ?? []
            let keeps = node.int("keepdims") ?? 1 != 0
            for axis in axes.sorted(by: >) {
                guard stream.axes.indices.contains(axis - 1), [.samples, .one].contains(stream.axes[axis - 1]) else {
                    throw node.unsupported("axis \(axis) is not that of samples")
                }
                stream.axes[axis - 1] = .one
                if !keeps { stream.axes.remove(at: axis - 1) }
            }
            guard !stream.axes.contains(.samples) else { throw node.unsupported("samples are left as they are") }
        }
        append(isMaximum ? .globalMaxPool : .globalAveragePool, &stream)
    }
}
