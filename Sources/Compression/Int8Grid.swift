public import ModelArtifact
package import NeuralNetwork

/// The steps that a student's numbers are whole multiples of. A warm-started student keeps its base's grid, so that most
/// weights stay the same integers and an update is small.
public struct Int8Grid: Sendable, Equatable {
    public struct Layer: Sendable, Equatable {
        /// (outputs): one step of each output's weights; all equal in the last layer.
        public var weightScale: [Float]
        /// One step of the u8 activations behind the layer (zero point 0 behind a ReLU, 128 without); of a logit in the last.
        public var outputScale: Float
    }

    /// One step of the input, in deviations.
    public var inputScale: Float
    /// One for each layer with weights.
    public var layers: [Layer]

    init(inputScale: Float, layers: [Layer]) {
        self.inputScale = inputScale
        self.layers = layers
    }

    /// The grid that a student stands on.
    public init(of student: Student) {
        inputScale = student.inputScale
        layers = student.layers.map { Layer(weightScale: $0.weightScale, outputScale: $0.outputScale) }
    }

    /// Takes the step of a logit from the last layer's inputs and weights.
    mutating func setLogitScale() {
        guard let scale = layers.last?.weightScale.first else { return }
        layers[layers.count - 1].outputScale = inputScale(of: layers.count - 1) * scale
    }

    /// One step of the activations that layer `index` reads.
    package func inputScale(of index: Int) -> Float { index == 0 ? inputScale : layers[index - 1].outputScale }

    /// Where a pass rounds activations, by layer index of the spec.
    package func activationGrids(_ plan: QuantisationPlan) -> [Int: ActivationGrid] {
        var grids: [Int: ActivationGrid] = [:]
        for (layer, step) in zip(plan.layers, layers) {
            for index in layer.activations {
                grids[index] = ActivationGrid(scale: step.outputScale, isSigned: layer.isSigned)
            }
        }
        return grids
    }
}

/// Rounding of inputs to u8 with zero point 128.
package enum InputGrid {
    /// The nearest whole step, −128...127, of a normalised value; times `scale` that is what the network sees.
    @inline(__always)
    package static func steps(_ x: Float, inverse: Float) -> Float {
        let steps = x * inverse
        let clamped = steps > -128 ? (steps < 127 ? steps : 127) : -128
        // Adding and taking off 1.5 · 2²³ rounds to an integer, ties to even, without a library call.
        return clamped + 12_582_912 - 12_582_912
    }
}
