import TensorKernels

/// A gated recurrent unit along the samples of each window, from a state of zeros; the gates' order is reset, update, new.
///
/// - Shapes: input (windows × samples × channels), weight (3 · units × channels), weight_hh (3 · units × units), output
///   (windows × samples × units), or (windows × units) with the last state alone.
/// - Source: Cho et al. 2014, arXiv:1406.1078, in the form with the reset gate behind the recurrent product
///   (arXiv:1412.3555), as PyTorch and cuDNN have it.
final class RecurrentOperator: Operator {
    /// Where the layer's tensors stand.
    struct Parameters {
        var weight: Int
        var bias: Int
        var recurrentWeight: Int
        var recurrentBias: Int
    }

    private let input: Signal
    private let output: Signal
    private let parameters: Parameters
    private let units: Int
    private let samples: Int
    private let inputPacked: FloatBuffer
    private let inputBackPacked: FloatBuffer
    private let recurrentPacked: FloatBuffer
    private let recurrentBackPacked: FloatBuffer
    /// (windows × samples × 3 · units): the gates behind their activations.
    private let gates: FloatBuffer
    /// (windows × samples × units): what the reset gate scales.
    private let candidates: FloatBuffer
    /// (windows × (samples + 1) × units), zeros first.
    private let states: FloatBuffer
    /// (windows × 3 · units): the recurrent product of one step.
    private let product: FloatBuffer
    /// (windows × samples × 3 · units): gradients by the input product and by the recurrent one.
    private let inputGradients: FloatBuffer
    private let recurrentGradients: FloatBuffer
    /// (windows × units).
    private let stateGradient: FloatBuffer
    let scratchCount: Int

    init(input: Signal, output: Signal, parameters: Parameters, capacity: Int, training: Bool, kernels: KernelTable) {
        self.input = input
        self.output = output
        self.parameters = parameters
        units = output.values.channels
        samples = input.values.samples
        let channels = input.values.channels
        let gate = 3 * units
        let steps = capacity * samples
        inputPacked = FloatBuffer(count: kernels.packedCount(depth: channels, columns: gate))
        recurrentPacked = FloatBuffer(count: kernels.packedCount(depth: units, columns: gate))
        gates = FloatBuffer(count: steps * gate)
        candidates = FloatBuffer(count: steps * units)
        states = FloatBuffer(count: (steps + capacity) * units)
        product = FloatBuffer(count: capacity * gate)
        let trained = training ? 1 : 0
        inputBackPacked = FloatBuffer(
            count: input.gradient == nil ? 0 : kernels.packedCount(depth: gate, columns: channels))
        recurrentBackPacked = FloatBuffer(count: trained * kernels.packedCount(depth: gate, columns: units))
        inputGradients = FloatBuffer(count: trained * steps * gate)
        recurrentGradients = FloatBuffer(count: trained * steps * gate)
        stateGradient = FloatBuffer(count: trained * capacity * units)
        scratchCount = max(
            kernels.outerScratchCount(m: gate, n: channels), kernels.outerScratchCount(m: gate, n: units))
    }

    func load(_ values: UnsafePointer<Float>, _ kernels: KernelTable) {
        pack(values + parameters.weight, inputs: input.values.channels, into: inputPacked, inputBackPacked, kernels)
        pack(values + parameters.recurrentWeight, inputs: units, into: recurrentPacked, recurrentBackPacked, kernels)
    }

    private func pack(
        _ weight: UnsafePointer<Float>, inputs: Int, into forward: FloatBuffer, _ backward: FloatBuffer,
        _ kernels: KernelTable
    ) {
        kernels.pack(
            into: forward.pointer, depth: inputs, count: inputs, columns: 3 * units, source: weight, depthStride: 1,
            columnStride: inputs)
        guard backward.count > 0 else { return }
        kernels.pack(
            into: backward.pointer, depth: 3 * units, count: 3 * units, columns: inputs, source: weight,
            depthStride: inputs, columnStride: 1)
    }

    /// Step `step` of every window in a buffer of (windows × `steps` × `columns`).
    private func rows(_ buffer: FloatBuffer, step: Int, of steps: Int, columns: Int, _ count: Int) -> FloatRows {
        FloatRows(base: buffer.pointer + step * columns, rowStride: steps * columns, rows: count)
    }

    private func allRows(_ buffer: FloatBuffer, columns: Int, _ count: Int) -> FloatRows {
        FloatRows(base: buffer.pointer, rowStride: columns, rows: count * samples)
    }

    func forward(_ context: PassContext) {
        let (count, units) = (context.count, units)
        let gate = 3 * units
        context.kernels.multiply(
            input.values.rows(count), depth: input.values.channels, packed: inputPacked.pointer, columns: gate,
            bias: context.parameters + parameters.bias, into: allRows(gates, columns: gate, count))
        for step in 0..<samples {
            context.kernels.multiply(
                rows(states, step: step, of: samples + 1, columns: units, count), depth: units,
                packed: recurrentPacked.pointer, columns: gate,
                bias: context.parameters + parameters.recurrentBias,
                into: FloatRows(base: product.pointer, rowStride: gate, rows: count))
            for window in 0..<count {
                let at = window * samples + step
                let g = gates.pointer + at * gate
                let p = product.pointer + window * gate
                let candidate = candidates.pointer + at * units
                let before = states.pointer + (at + window) * units
                let after = before + units
                for index in 0..<2 * units { g[index] = logistic(g[index] + p[index]) }
                for unit in 0..<units {
                    candidate[unit] = p[2 * units + unit]
                    let new = hyperbolicTangent(g[2 * units + unit] + g[unit] * candidate[unit])
                    g[2 * units + unit] = new
                    after[unit] = new + g[units + unit] * (before[unit] - new)
                }
            }
        }
        for window in 0..<count {
            let last = states.pointer + (window + 1) * (samples + 1) * units
            let shown = output.values.samples * units
            output.values.window(window).update(from: last - shown, count: shown)
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient else { return }
        let count = context.count
        let gate = 3 * units
        stateGradient.fill(0)
        for step in (0..<samples).reversed() {
            // What came out at this step, if anything did: all steps of a sequence, or the last alone.
            let shown = step - (samples - output.values.samples)
            for window in 0..<count {
                if shown >= 0 {
                    let from = gradient.window(window) + shown * units
                    let to = stateGradient.pointer + window * units
                    for unit in 0..<units { to[unit] += from[unit] }
                }
                differentiate(window, step)
            }
            context.kernels.multiply(
                rows(recurrentGradients, step: step, of: samples, columns: gate, count), depth: gate,
                packed: recurrentBackPacked.pointer, columns: units,
                into: FloatRows(base: stateGradient.pointer, rowStride: units, rows: count), accumulate: true)
        }
        let byInput = allRows(inputGradients, columns: gate, count)
        let byState = allRows(recurrentGradients, columns: gate, count)
        let before = FloatRows(
            base: states.pointer, groupStride: (samples + 1) * units, rowStride: units, rows: samples, groups: count)
        let gradients = context.gradients
        context.kernels.addOuter(
            byInput, m: gate, input.values.rows(count), n: input.values.channels, to: gradients + parameters.weight,
            scratch: context.scratch)
        context.kernels.addOuter(
            byState, m: gate, before, n: units, to: gradients + parameters.recurrentWeight, scratch: context.scratch)
        context.kernels.addColumnSums(byInput, channels: gate, to: gradients + parameters.bias)
        context.kernels.addColumnSums(byState, channels: gate, to: gradients + parameters.recurrentBias)
        if let target = input.gradient {
            context.kernels.multiply(
                byInput, depth: gate, packed: inputBackPacked.pointer, columns: input.values.channels,
                into: target.rows(count))
        }
    }

    /// From the gradient by one state to those by the products that made it, and its direct share by the state before.
    private func differentiate(_ window: Int, _ step: Int) {
        let at = window * samples + step
        let g = gates.pointer + at * 3 * units
        let byInput = inputGradients.pointer + at * 3 * units
        let byState = recurrentGradients.pointer + at * 3 * units
        let candidate = candidates.pointer + at * units
        let before = states.pointer + (at + window) * units
        let d = stateGradient.pointer + window * units
        for unit in 0..<units {
            let (reset, update, new) = (g[unit], g[units + unit], g[2 * units + unit])
            let byNew = d[unit] * (1 - update) * (1 - new * new)
            byInput[unit] = byNew * candidate[unit] * reset * (1 - reset)
            byInput[units + unit] = d[unit] * (before[unit] - new) * update * (1 - update)
            byInput[2 * units + unit] = byNew
            byState[unit] = byInput[unit]
            byState[units + unit] = byInput[units + unit]
            byState[2 * units + unit] = byNew * reset
            d[unit] *= update
        }
    }
}
