public import ModelArtifact

/// A student as one C99 header and one source file for a microcontroller.
///
/// No allocation and no library beyond `memset` and `memcpy`: constants for flash, one static arena, integers throughout
/// behind the quantisation of the input. The logits are those of the edge, bit for bit.
public struct CExport: Sendable, Equatable {
    /// What every symbol begins with, and the files' name without its ending.
    public let prefix: String
    public let header: String
    public let source: String
    /// Bytes of the arena, all the RAM there is beside the stack.
    public let arenaBytes: Int
    /// Bytes of constants that inference reads.
    public let constantBytes: Int
    /// Bytes of the golden vectors, which the self test alone reads.
    public let goldenBytes: Int

    /// - Parameter student: with golden vectors.
    /// - Throws: ``ExchangeError`` `.invalidStudent`.
    public init(_ student: Student) throws(ExchangeError) {
        let graph = try StudentGraph(student)
        let arena = CArena(graph)
        let name = student.task.name.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
        prefix = "retort_\(name)"
        arenaBytes = arena.bytes
        let digest = ContentDigest(of: student.encode()).hex
        header = CHeader(student: student, prefix: prefix, digest: digest, arenaBytes: arena.bytes).text
        source = CSource(student: student, graph: graph, arena: arena, prefix: prefix, digest: digest).text
        constantBytes =
            student.spec.channels * 8
            + student.layers.reduce(0) { sum, layer in
                sum + layer.weight.count + layer.bias.count * 4 + layer.multiplier.count * 4 + layer.shift.count
            }
        goldenBytes = student.golden.reduce(0) { $0 + $1.input.count + $1.logits.count * 4 }
    }

    /// File names and their content.
    public var files: [(name: String, content: String)] { [("\(prefix).h", header), ("\(prefix).c", source)] }
}
