package import ModelArtifact
package import TensorKernels

/// A network laid out for batches of up to `capacity` windows: its activations, their gradients and one batch's state.
///
/// One thread at a time uses a pass; passes of one network on several threads share nothing but the parameters they read.
package final class NetworkPass {
    /// Added to batch norm's variance.
    package static let normEpsilon = BatchNormOperator.epsilon

    package let spec: NetworkSpec
    package let capacity: Int
    /// (windows × samples × channels), normalised: to be filled before ``forward(count:training:seed:)``.
    package let input: PaddedActivation
    /// (windows × outputs).
    package let logits: PaddedActivation
    /// (windows × outputs): to be filled before ``backward(count:)``. Only in a pass made for training.
    package let logitGradient: PaddedActivation?
    /// (windows × samples × channels): of ``input``, written by ``backward(count:)`` in a pass that was asked for it.
    package let inputGradient: PaddedActivation?
    /// What each layer puts out, by its index in the spec; of batch norm with its ReLU only the latter.
    package let outputs: [Int: PaddedActivation]
    /// Sums over the batches since ``clearGradients()``, as ``ParameterLayout`` orders them.
    package let gradients: FloatBuffer
    /// Moments of the last training batch, as ``ParameterLayout`` orders statistics.
    package let batchStatistics: FloatBuffer
    /// A hidden layer's output that a loss reads, with room for its gradient; filled before ``backward(count:)``.
    package let features: Features?
    private let operators: [any Operator]
    private let kernels: KernelTable
    private let scratch: FloatBuffer
    private let parameters: FloatBuffer
    private let statistics: FloatBuffer
    private var seed: UInt64 = 0

    /// What a loss on a hidden layer works with.
    package struct Features {
        package let values: PaddedActivation
        /// (windows × samples · channels), added to what comes from the layers above. Only in a pass made for training.
        package let gradient: FloatBuffer
        fileprivate let sink: PaddedActivation?
        /// Of the operator that writes the layer.
        fileprivate let position: Int
        package var count: Int { values.samples * values.channels }
    }

    /// - Parameters:
    ///   - training: keeps gradients too.
    ///   - inputGradient: also by the input.
    ///   - featureLayer: index of a layer whose output a loss reads besides the logits.
    ///   - grids: by layer index, where activations are rounded to a quantised grid (ReLU, average pooling, and weighted
    ///     layers without a ReLU behind them).
    package init(
        spec: NetworkSpec, capacity: Int, training: Bool, inputGradient: Bool = false, featureLayer: Int? = nil,
        grids: [Int: ActivationGrid] = [:], kernels: KernelTable = .active
    ) {
        precondition(capacity > 0 && !spec.layers.isEmpty, "a pass has windows and layers")
        self.spec = spec
        self.capacity = capacity
        self.kernels = kernels
        let layout = ParameterLayout(spec)
        var builder = PassBuilder(
            spec: spec, layout: layout, capacity: capacity, training: training, inputGradient: inputGradient,
            grids: grids, kernels: kernels)
        operators = builder.build()
        input = builder.first.values
        logits = builder.last.values
        outputs = builder.outputs
        features = featureLayer.map { layer in
            guard let values = builder.outputs[layer], let position = builder.layers.lastIndex(of: layer) else {
                preconditionFailure("layer \(layer) has no output of its own")
            }
            return Features(
                values: values,
                gradient: FloatBuffer(count: training ? capacity * values.samples * values.channels : 0),
                sink: builder.gradients[layer], position: position)
        }
        logitGradient = builder.last.gradient
        self.inputGradient = builder.first.gradient
        gradients = FloatBuffer(count: training ? layout.valueCount : 0)
        batchStatistics = FloatBuffer(count: layout.statisticCount)
        parameters = FloatBuffer(count: layout.valueCount)
        statistics = FloatBuffer(count: layout.statisticCount)
        scratch = FloatBuffer(count: training ? operators.map(\.scratchCount).max() ?? 0 : 0)
    }

    /// Takes over parameters and running moments.
    package func load(_ values: UnsafePointer<Float>, statistics moments: UnsafePointer<Float>) {
        parameters.pointer.update(from: values, count: parameters.count)
        statistics.pointer.update(from: moments, count: statistics.count)
        for operation in operators { operation.load(parameters.pointer, kernels) }
    }

    package func load(_ weights: NetworkWeights) {
        weights.values.withUnsafeBufferPointer { values in
            weights.statistics.withUnsafeBufferPointer { statistics in
                // Networks without batch norm have no statistics, and then an empty array no address.
                guard let values = values.baseAddress else { return }
                load(values, statistics: statistics.baseAddress ?? values)
            }
        }
    }

    package func clearGradients() { gradients.fill(0) }

    /// Computes ``logits`` from ``input``.
    ///
    /// - Parameters:
    ///   - training: batch moments and dropout rather than running moments.
    ///   - seed: of dropout.
    package func forward(count: Int, training: Bool, seed: UInt64 = 0) {
        precondition((1...capacity).contains(count), "a batch has 1 to \(capacity) windows")
        self.seed = seed
        let context = context(count, training: training)
        for operation in operators { operation.forward(context) }
    }

    /// Adds to ``gradients`` from ``logitGradient``, after a forward pass in training on as many windows.
    package func backward(count: Int) {
        precondition(logitGradient != nil, "only a pass made for training goes backward")
        let context = context(count, training: true)
        for (position, operation) in operators.enumerated().reversed() {
            if let features, features.position == position { add(features, count) }
            operation.backward(context)
        }
    }

    private func add(_ features: Features, _ count: Int) {
        guard let sink = features.sink else { return }
        for window in 0..<count {
            let to = sink.window(window)
            let from = features.gradient.pointer + window * features.count
            for index in 0..<features.count { to[index] += from[index] }
        }
    }

    private func context(_ count: Int, training: Bool) -> PassContext {
        PassContext(
            count: count, training: training, parameters: parameters.pointer, statistics: statistics.pointer,
            batchStatistics: batchStatistics.pointer, gradients: gradients.pointer, scratch: scratch.pointer,
            kernels: kernels, seed: seed)
    }
}
