import TensorKernels

extension InferencePlan {
    /// One call of a kernel; offsets are in elements, and count from the logits in the last step.
    struct Call {
        let operation: Operation
        /// With the rows that are to be computed.
        let patches: Patches
        let input: Int
        let output: Int
        let outputs: Int
        let isLast: Bool
    }

    /// Says what is to be done for some windows, in order.
    ///
    /// - Parameters:
    ///   - isContinued: whether the activations of the window before, ``StreamingOverlap/advance`` samples earlier, are
    ///     still there.
    ///   - move: moves elements (to, from, count) of an activation that both windows share.
    @inline(__always)
    func run(
        windows: Int, isContinued: Bool, move: (Int, Int, Int) -> Void, execute: (Call) -> Void
    ) {
        let last = steps.count - 1
        for index in 0...last {
            let step = steps[index]
            func call(rows: Int, from first: Int, of window: Int, _ patches: Patches) {
                guard rows > 0 else { return }
                var part = patches
                part.rows = rows * patches.pool
                execute(
                    Call(
                        operation: step.operation, patches: part,
                        input: step.input.offset + window * step.input.stride
                            + first * patches.pool * patches.rowStride,
                        output: step.output.offset + window * step.output.stride + first * step.outputs,
                        outputs: step.outputs, isLast: index == last))
            }
            if isContinued, let shared = step.shared {
                let kept = shared.kept
                let start = step.output.offset + kept.lowerBound * step.outputs
                move(start, start + shared.advance * step.outputs, kept.count * step.outputs)
                call(rows: kept.lowerBound, from: 0, of: 0, step.patches)
                call(rows: step.rows - kept.upperBound, from: kept.upperBound, of: 0, step.patches)
            } else if windows > 1, case .product = step.operation, step.patches.rows == 1,
                step.output.stride == step.outputs
            {
                // A dense layer reads each weight once for all windows.
                var together = step.patches
                together.rowStride = step.input.stride
                call(rows: windows, from: 0, of: 0, together)
            } else {
                for window in 0..<windows { call(rows: step.rows, from: 0, of: window, step.patches) }
            }
        }
    }
}
