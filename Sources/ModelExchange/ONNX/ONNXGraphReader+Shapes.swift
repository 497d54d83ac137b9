import ModelArtifact

/// Nodes that lay axes out anew and change no value.
extension ONNXGraphReader {
    func transpose(_ node: ONNXNode, _ stream: inout ONNXStream) throws(ExchangeError) {
        let rank = stream.axes.count + 1
        let order = node.ints("perm") ?? Array((0..<rank).reversed())
        guard order.sorted() == Array(0..<rank), order[0] == 0 else {
            throw node.unsupported("perm \(order) of \(rank) axes does not leave the batch in its place")
        }
        stream.axes = order.dropFirst().map { stream.axes[$0 - 1] }
    }

    func lay(_ node: ONNXNode, _ stream: inout ONNXStream) throws(ExchangeError) {
        switch node.opType {
        case "Flatten":
            guard node.int("axis") ?? 1 == 1 else { throw node.unsupported("axis is not 1") }
            stream.flatten()
        case "Reshape":
            let target = try constant(node, 1).integers()
            guard stream.reshape(try resolved(target, node, stream)) else {
                throw node.unsupported("\(stream.shape) to \(target) is more than a flattening")
            }
        case "Squeeze":
            let axes = try axes(node, rank: stream.axes.count + 1)
            for axis in (axes ?? stream.axes.indices.map { $0 + 1 }).sorted(by: >) {
                let isOne = stream.axes.indices.contains(axis - 1) && stream.shape[axis - 1] == 1
                // What holds the channels stays, also where there is but one.
                guard isOne, stream.axes.count > 1, stream.axes[axis - 1] != .channels else {
                    if axes == nil { continue }
                    throw node.unsupported("axis \(axis) is not an axis of extent 1 beside the channels")
                }
                stream.axes.remove(at: axis - 1)
            }
        default:
            let added = try axes(node, rank: stream.axes.count + 2) ?? []
            for axis in added.sorted() {
                guard (1...stream.axes.count + 1).contains(axis) else { throw node.unsupported("axis \(axis)") }
                stream.axes.insert(.one, at: axis - 1)
            }
        }
    }

    /// Extents behind the batch that a Reshape asks for.
    private func resolved(
        _ target: [Int], _ node: ONNXNode, _ stream: ONNXStream
    ) throws(ExchangeError) -> [Int] {
        guard (2...5).contains(target.count), target.allSatisfy({ (-1...1 << 24).contains($0) }) else {
            throw node.unsupported("the shape \(target)")
        }
        var shape = Array(target.dropFirst())
        let current = stream.shape
        for index in shape.indices where shape[index] == 0 && index < current.count { shape[index] = current[index] }
        // Beyond any extent there is, and far from an overflow.
        let rest = shape.reduce(1) { min($0 * ($1 == -1 ? 1 : max(1, $1)), 1 << 32) }
        guard rest < 1 << 32 else { throw node.unsupported("the shape \(target)") }
        if let open = shape.firstIndex(of: -1) { shape[open] = stream.extent.count / rest }
        return shape
    }

    /// The axes of a node, from an attribute (old opsets) or an input; nothing where they are left out.
    func axes(_ node: ONNXNode, rank: Int) throws(ExchangeError) -> [Int]? {
        let given: [Int]?
        if node.input(at: 1) != nil { given = try constant(node, 1).integers() } else { given = node.ints("axes") }
        return given?.map { $0 < 0 ? $0 + rank : $0 }
    }
}
