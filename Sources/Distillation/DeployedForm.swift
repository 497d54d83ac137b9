import Compression
import ModelArtifact

/// A trained student's integers as edges run them: one logit for each class, or the real value.
struct DeployedForm {
    var spec: NetworkSpec
    var layers: [Student.QuantisedLayer]

    /// - Parameters:
    ///   - spec: of the network that was trained, folded.
    ///   - grid: that the layers stand on.
    ///   - layout: what its outputs stand for.
    ///   - scale: of its values, where it is a regression.
    init(
        spec: NetworkSpec, layers: [Student.QuantisedLayer], grid: Int8Grid, layout: OutputLayout, scale: TargetScale
    ) throws(DistillationError) {
        self.spec = spec
        self.layers = layers
        switch layout.heads.first?.form {
        case .sigmoid: splitLogit()
        case .value: try restoreScale(scale, grid)
        default: break
        }
    }

    /// A logit z of the second of two classes becomes the logits 0 and z: the softmax over these is the logistic function
    /// of z.
    private mutating func splitLogit() {
        guard var last = layers.popLast() else { return }
        last.weight = [Int8](repeating: 0, count: last.weight.count) + last.weight
        last.bias = [0] + last.bias
        last.weightScale += last.weightScale
        layers.append(last)
        spec.layers[spec.layers.count - 1] = .dense(units: 2)
    }

    /// Puts the target's unit into the scale of the last layer, and its mean into the bias.
    private mutating func restoreScale(_ scale: TargetScale, _ grid: Int8Grid) throws(DistillationError) {
        guard scale != .identity, var last = layers.popLast(), let weight = last.weightScale.first else { return }
        last.outputScale = grid.inputScale(of: layers.count) * weight * scale.deviation
        let shift = (Double(scale.mean) / Double(last.outputScale)).rounded()
        guard shift.magnitude < 1e9 else {
            throw DistillationError(
                .badData,
                "the targets' mean of \(scale.mean) is too large for their deviation of \(scale.deviation): "
                    + "predict the difference from a fixed value instead")
        }
        last.bias = last.bias.map { $0 + Int32(shift) }
        layers.append(last)
    }

    /// The scale that a deployed regression's values have: what a warm start goes on with.
    static func scale(of student: Student) -> TargetScale {
        let grid = Int8Grid(of: student)
        guard student.task.kind == .regression, let last = grid.layers.last, let weight = last.weightScale.first else {
            return .identity
        }
        return TargetScale(
            mean: 0, deviation: last.outputScale / (grid.inputScale(of: grid.layers.count - 1) * weight))
    }
}
