import ModelArtifact
import NeuralNetwork

extension ONNXGraphReader {
    /// Where two nodes read a tensor: a residual block, whose branches meet in an Add.
    mutating func readResidual(_ heads: [ONNXNode], _ stream: inout ONNXStream) throws(ExchangeError) {
        let (input, before) = (stream, layers)
        var branches: [(stream: ONNXStream, layers: [Built], end: ONNXNode)] = []
        for head in heads {
            var branch = input
            layers = []
            let end = try followBranch(head, &branch)
            branches.append((branch, layers, end))
        }
        layers = before
        guard branches[0].end.output == branches[1].end.output, let output = branches[0].end.output.first else {
            throw heads[0].unsupported("two nodes read \(input.tensor), and what they make does not meet in an Add")
        }
        // The block is the branch with more in it.
        let (block, shortcut) =
            branches[0].layers.count >= branches[1].layers.count
            ? (branches[0], branches[1]) : (branches[1], branches[0])
        guard block.stream.shape == shortcut.stream.shape, block.stream.axes == shortcut.stream.axes else {
            throw block.end.unsupported("the branches have different shapes")
        }
        var tensors = block.layers.enumerated().flatMap { index, built in
            built.tensors.map {
                NetworkWeights.Tensor(name: "block.\(index).\($0.name)", shape: $0.shape, values: $0.values)
            }
        }
        if let projection = shortcut.layers.first {
            tensors += try projected(shortcut.layers, projection, from: input, to: block.stream, shortcut.end)
        } else if input.extent != block.stream.extent {
            throw block.end.unsupported("the branches have different shapes")
        }
        stream = block.stream
        stream.tensor = output
        layers.append(Built(layer: .residual(block.layers.map(\.layer)), tensors: tensors))
    }

    /// Takes the nodes of a branch along.
    ///
    /// - Returns: the Add that it ends in.
    private mutating func followBranch(_ head: ONNXNode, _ branch: inout ONNXStream) throws(ExchangeError) -> ONNXNode {
        var node = head
        for _ in nodes {
            if node.opType == "Add", !node.input.contains(where: isConstant) { return node }
            try step(node, &branch)
            guard let next = reader(of: branch.tensor) else {
                throw node.unsupported("a branch that forks or ends before it meets the other")
            }
            node = next
        }
        throw head.unsupported("a branch that does not end")
    }

    /// The tensors of a shortcut: a 1 × 1 convolution, with batch norm folded into it.
    private func projected(
        _ layers: [Built], _ first: Built, from: ONNXStream, to: ONNXStream, _ end: ONNXNode
    ) throws(ExchangeError) -> [NetworkWeights.Tensor] {
        guard case .convolution(let filters, 1, let stride, _) = first.layer,
            NetworkSpec.Shortcut(from: from.extent, to: to.extent)
                == .projection(stride: NetworkSpec.Size2D(stride, 1)),
            layers.count == 1 || (layers.count == 2 && layers[1].layer == .batchNorm)
        else {
            throw end.unsupported(
                "a shortcut that is neither the input itself nor a 1 × 1 convolution with the stride of its block")
        }
        var (weight, bias) = (first.tensors[0], first.tensors[1])
        if layers.count == 2 {
            let norm = layers[1].tensors.map(\.values)
            let depth = weight.values.count / filters
            for filter in 0..<filters {
                let factor = norm[0][filter] / (norm[3][filter] + NetworkPass.normEpsilon).squareRoot()
                for index in filter * depth..<(filter + 1) * depth { weight.values[index] *= factor }
                bias.values[filter] = (bias.values[filter] - norm[2][filter]) * factor + norm[1][filter]
            }
        }
        weight.name = "shortcut.weight"
        bias.name = "shortcut.bias"
        return [weight, bias]
    }
}
