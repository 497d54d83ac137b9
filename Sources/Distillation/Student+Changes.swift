public import ModelArtifact

extension Student {
    /// Share of int8 weights that are another number than a base's of the same network.
    public func changedWeights(from base: Student) -> Double {
        var total = 0
        var different = 0
        for (layer, before) in zip(layers, base.layers) {
            total += layer.weight.count
            different += zip(layer.weight, before.weight).count { $0 != $1 }
        }
        return Double(different) / Double(max(1, total))
    }
}
