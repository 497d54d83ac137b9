/// A matrix as a sum of outer products, the heaviest first: A = Σ values[k] · left[k] ⊗ right[k].
struct SingularValues {
    /// Falling, 0 or more.
    private(set) var values: [Double]
    /// Orthonormal, each of as many numbers as the matrix has rows.
    private(set) var left: [[Double]]
    /// Orthonormal, each of as many numbers as the matrix has columns.
    private(set) var right: [[Double]]

    /// - Parameter matrix: (rows × columns), row-major, finite.
    /// - Source: one-sided Jacobi rotations, Hestenes 1958; Golub & Van Loan, Matrix Computations, 4th edition, §8.6.3.
    init(_ matrix: [Float], rows: Int, columns: Int) {
        precondition(matrix.count == rows * columns && rows > 0 && columns > 0, "a matrix has rows and columns")
        // Rotations act on the shorter side's vectors, which become orthogonal.
        let isWide = columns > rows
        let (count, length) = isWide ? (rows, columns) : (columns, rows)
        var vectors = (0..<count).map { k in
            (0..<length).map { i in Double(isWide ? matrix[k * columns + i] : matrix[i * columns + k]) }
        }
        var turns = (0..<count).map { k in (0..<count).map { $0 == k ? 1.0 : 0.0 } }
        for _ in 0..<60 where !Self.sweep(&vectors, &turns) { break }
        let norms = vectors.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let order = norms.indices.sorted { norms[$0] != norms[$1] ? norms[$0] > norms[$1] : $0 < $1 }
        values = order.map { norms[$0] }
        let long = order.map { k in norms[k] > 0 ? vectors[k].map { $0 / norms[k] } : vectors[k] }
        let short = order.map { turns[$0] }
        (left, right) = isWide ? (short, long) : (long, short)
    }

    /// Turns every pair of vectors until it is orthogonal.
    ///
    /// - Returns: whether any pair was not.
    private static func sweep(_ vectors: inout [[Double]], _ turns: inout [[Double]]) -> Bool {
        var turned = false
        for p in vectors.indices {
            for q in (p + 1)..<max(p + 1, vectors.count) {
                var (pp, qq, pq) = (0.0, 0.0, 0.0)
                for i in vectors[p].indices {
                    pp += vectors[p][i] * vectors[p][i]
                    qq += vectors[q][i] * vectors[q][i]
                    pq += vectors[p][i] * vectors[q][i]
                }
                guard abs(pq) > 1e-12 * (pp * qq).squareRoot(), pq != 0 else { continue }
                turned = true
                let zeta = (qq - pp) / (2 * pq)
                let tangent = (zeta < 0 ? -1 : 1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
                let cosine = 1 / (1 + tangent * tangent).squareRoot()
                rotate(&vectors, p, q, cosine, cosine * tangent)
                rotate(&turns, p, q, cosine, cosine * tangent)
            }
        }
        return turned
    }

    private static func rotate(_ vectors: inout [[Double]], _ p: Int, _ q: Int, _ cosine: Double, _ sine: Double) {
        for i in vectors[p].indices {
            let (a, b) = (vectors[p][i], vectors[q][i])
            vectors[p][i] = cosine * a - sine * b
            vectors[q][i] = sine * a + cosine * b
        }
    }
}
