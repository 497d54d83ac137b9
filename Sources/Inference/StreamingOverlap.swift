import ModelArtifact

/// Which rows of an activation two consecutive windows share.
///
/// A window that begins `advance` samples after the one before has that one's row i + advance as its row i, as long as
/// neither has seen padding. Layers of stride s divide the advance by s; where it does not divide, or behind a layer that
/// looks at all samples, nothing is shared.
struct StreamingOverlap: Equatable {
    /// Rows from one window to the next.
    let advance: Int
    /// Rows at the beginning and at the end that have seen padding.
    let before: Int
    let after: Int
    let rows: Int

    /// Rows of the new window that stand `advance` rows further down in the old one.
    var kept: Range<Int> { before..<max(before, rows - after - advance) }
    var isUseful: Bool { !kept.isEmpty }

    /// The overlap behind a layer with `rows` rows and `padding` rows of padding before its input.
    func behind(_ layer: NetworkSpec.Layer, before padding: Int, rows outputs: Int) -> StreamingOverlap? {
        let (stride, reach): (Int, Int)
        switch layer {
        case .convolution(_, let kernel, let step, let dilation),
            .depthwiseConvolution(let kernel, let step, let dilation):
            (stride, reach) = (step, (kernel - 1) * dilation)
        case .maxPool(let size), .averagePool(let size): (stride, reach) = (size, size - 1)
        default: return nil
        }
        guard advance % stride == 0 else { return nil }
        // Row i reads rows i · stride − padding ... i · stride − padding + reach.
        let clean = max(0, rows - after + padding - reach)
        let end = min(outputs, (clean + stride - 1) / stride)
        return StreamingOverlap(
            advance: advance / stride, before: min(outputs, (before + padding + stride - 1) / stride),
            after: outputs - end, rows: outputs)
    }
}
