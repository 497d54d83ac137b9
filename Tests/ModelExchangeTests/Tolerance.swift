import ModelArtifact

/// How far two sets of outputs lie apart.
enum Tolerance {
    /// The largest difference over the largest magnitude.
    static func relative(_ found: [[Float]], _ expected: [[Float]]) -> Float {
        let (a, b) = (found.flatMap(\.self), expected.flatMap(\.self))
        guard a.count == b.count else { return .infinity }
        let scale = b.map(\.magnitude).max() ?? 1
        return (zip(a, b).map { ($0 - $1).magnitude }.max() ?? 0) / scale
    }

    /// The largest difference, in what an input of the last layer does that is a step off at the largest weight.
    static func steps(_ found: [[Float]], _ expected: [[Float]], _ student: Student) -> Float {
        let (a, b) = (found.flatMap(\.self), expected.flatMap(\.self))
        guard a.count == b.count, let last = student.layers.last else { return .infinity }
        return (zip(a, b).map { ($0 - $1).magnitude }.max() ?? 0) / (127 * last.outputScale)
    }

    /// The same of all inputs of the last layer a step off at once.
    static func everyInput(_ student: Student) -> Float {
        guard let last = student.layers.last else { return 0 }
        let depth = last.weight.count / last.bias.count
        let sums = last.bias.indices.map { output in
            last.weight[output * depth..<(output + 1) * depth].reduce(0) { $0 + Int($1.magnitude) }
        }
        return Float(sums.max() ?? 0) / 127
    }
}
