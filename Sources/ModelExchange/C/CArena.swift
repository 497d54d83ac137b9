import ModelArtifact

/// Where each activation stands in the one static arena of a C file.
///
/// In a chain two activations live at a time, an operator's input and its output. They stand at the two ends of the
/// arena in turn, so its size is that of the largest such pair, which no placement can beat.
struct CArena {
    /// An activation with the padding that its reader needs around it; offsets in bytes.
    struct Region: Equatable {
        /// Of the padding before the first sample.
        var start: Int
        var before: Int
        var count: Int
        var after: Int
        var zeroPoint: UInt8

        /// Of the first sample.
        var first: Int { start + before }
        var size: Int { before + count + after }
    }

    /// What each node reads; the last node writes logits, outside of the arena.
    let regions: [Region]
    let bytes: Int

    init(_ graph: StudentGraph) {
        var regions = graph.nodes.map { node in
            let (before, after) = node.operation.padding
            return Region(
                start: 0, before: before * node.from.channels, count: node.from.count,
                after: after * node.from.channels, zeroPoint: node.input.zeroPoint)
        }
        let sizes = regions.map(\.size) + [0]
        bytes = zip(sizes, sizes.dropFirst()).reduce(1) { max($0, $1.0 + $1.1) }
        for index in regions.indices where index % 2 == 1 { regions[index].start = bytes - regions[index].size }
        self.regions = regions
    }
}
