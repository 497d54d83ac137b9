import NeuralNetwork

/// Finds windows that stand in training and in the test part.
enum LeakageCheck {
    /// What two groups have in common.
    struct Pair: Equatable {
        var training: String
        var test: String
        /// Equal windows, and windows of the test group that vary.
        var equal: Int
        var of: Int
    }

    /// Pairs of groups of which more than a twentieth of the test windows that vary, or half of single rows, are in training
    /// too.
    ///
    /// - Parameter names: of each window's group.
    static func pairs(
        training: LabelledWindows, trainingNames: [String], test: LabelledWindows, testNames: [String]
    ) -> [Pair] {
        var known: [Int: [Int]] = [:]
        for index in 0..<training.count { known[hash(training, index), default: []].append(index) }
        var varying: [String: Int] = [:]
        var equal: [[String]: Int] = [:]
        for index in 0..<test.count where varies(test, index) {
            varying[testNames[index], default: 0] += 1
            guard let twin = known[hash(test, index)]?.first(where: { same(training, $0, test, index) }) else {
                continue
            }
            equal[[trainingNames[twin], testNames[index]], default: 0] += 1
        }
        return equal.compactMap { names, count in
            let of = varying[names[1]] ?? count
            return count * (test.samples == 1 ? 2 : 20) > of
                ? Pair(training: names[0], test: names[1], equal: count, of: of) : nil
        }.sorted { ($1.equal, $0.test, $0.training) < ($0.equal, $1.test, $1.training) }
    }

    private static func hash(_ windows: LabelledWindows, _ index: Int) -> Int {
        var hasher = Hasher()
        for value in windows.values[index * windows.windowSize..<(index + 1) * windows.windowSize] {
            hasher.combine(value)
        }
        return hasher.finalize()
    }

    private static func varies(_ windows: LabelledWindows, _ index: Int) -> Bool {
        guard windows.samples > 1 else { return true }
        let start = index * windows.windowSize
        return (start + windows.channels..<start + windows.windowSize).contains {
            windows.values[$0] != windows.values[$0 - windows.channels]
        }
    }

    private static func same(_ a: LabelledWindows, _ i: Int, _ b: LabelledWindows, _ j: Int) -> Bool {
        a.values[i * a.windowSize..<(i + 1) * a.windowSize] == b.values[j * b.windowSize..<(j + 1) * b.windowSize]
    }
}
