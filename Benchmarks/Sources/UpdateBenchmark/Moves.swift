import Glibc
import ModelArtifact

/// What the weights of a student moved from its base's, in steps of their grid.
enum Moves {
    static func of(_ student: Student, from base: Student) -> [Int] {
        zip(student.layers, base.layers).flatMap { zip($0.weight, $1.weight).map { Int($0) - Int($1) } }
    }

    /// Zeroth-order entropy in bytes: what an ideal code takes that knows how often each move occurs, and nothing else.
    static func entropy(_ moves: [Int]) -> Double {
        let counts = Dictionary(grouping: moves) { $0 }.mapValues { Double($0.count) }
        let total = Double(moves.count)
        return counts.values.reduce(0) { $0 - $1 * log2($1 / total) } / 8
    }
}
