import TensorKernels

/// What one pass over a batch works with. The memory belongs to the pass's owner.
struct PassContext {
    /// Windows in the batch.
    var count: Int
    /// Batch statistics and dropout rather than running statistics.
    var training: Bool
    var parameters: UnsafePointer<Float>
    /// Running moments, for inference.
    var statistics: UnsafePointer<Float>
    /// Moments of this batch, written in training.
    var batchStatistics: UnsafeMutablePointer<Float>
    /// Sums over the batch are added here.
    var gradients: UnsafeMutablePointer<Float>
    /// At least the largest `scratchCount` of the operators.
    var scratch: UnsafeMutablePointer<Float>
    var kernels: KernelTable
    var seed: UInt64
}

/// An activation and, where it is trained through, its gradient.
struct Signal {
    let values: PaddedActivation
    let gradient: PaddedActivation?
}

/// One operation of a network, between two activations it was made for.
protocol Operator: AnyObject {
    /// Floats of scratch that backward passes need.
    var scratchCount: Int { get }
    /// Takes over parameters that changed.
    func load(_ parameters: UnsafePointer<Float>, _ kernels: KernelTable)
    func forward(_ context: PassContext)
    /// Adds parameter gradients and writes the input's gradient where it has one.
    func backward(_ context: PassContext)
}

extension Operator {
    var scratchCount: Int { 0 }
    func load(_ parameters: UnsafePointer<Float>, _ kernels: KernelTable) {}
}
