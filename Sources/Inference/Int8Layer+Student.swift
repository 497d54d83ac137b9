import ModelArtifact
import TensorKernels

extension Int8Layer {
    /// A layer of a student.
    ///
    /// - Parameter zeroPoints: of the activation before each layer.
    init(
        _ layer: Student.QuantisedLayer, _ slot: InferencePlan<Int8Layer>.Slot, _ zeroPoints: [UInt8],
        in image: inout ArenaImage
    ) {
        let depth = layer.weight.count / layer.bias.count
        let zeroPoint = Int32(zeroPoints[slot.index])
        let bias = layer.bias.indices.map { output in
            let sum = layer.weight[output * depth..<(output + 1) * depth].reduce(Int32(0)) { $0 + Int32($1) }
            return layer.bias[output] - zeroPoint * sum
        }
        let requantisation = Requantisation(
            multiplier: layer.multiplier, shift: layer.shift, zeroPoint: zeroPoints[slot.index + 1])
        if slot.isDepthwise {
            self.init(
                depthwise: layer.weight, taps: slot.patches.segments, bias: bias, requantisation: requantisation,
                in: &image)
        } else {
            self.init(
                weights: layer.weight, segments: slot.patches.segments, length: slot.patches.length, bias: bias,
                requantisation: slot.isLast ? nil : requantisation, in: &image)
        }
    }
}
