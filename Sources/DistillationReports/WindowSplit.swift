import NeuralNetwork
import Recordings

/// Which windows are trained on and which are kept for the test.
struct WindowSplit {
    /// By what windows were kept apart.
    enum Method: String {
        /// Whole groups or files, by a hash of their names.
        case groups
        /// Whole groups or files that were named.
        case pattern
        /// The last part of each class in each group, for want of groups.
        case time
    }

    var method: Method
    var training: [Int] = []
    var test: [Int] = []
    /// Windows that share samples with the test part, and are used for neither.
    var overlapping = 0
    /// For each window of the whole the number that validation keeps together.
    var groups: [Int]
    /// Names of the groups or files of the test part; empty by time.
    var testNames: [String] = []

    /// Fewer groups than this are split by time.
    static let fewestGroups = 4
    /// Contiguous parts that the time of a class is divided into.
    private static let blocks = 8

    /// - Parameters:
    ///   - windows: those with a target.
    ///   - targets: (windows × heads): what has to occur on both sides; empty for numbers.
    init(
        _ windows: CutWindows, _ table: ReadingsTable, targets: [[Int]], options: StudyOptions
    ) throws(StudyError) {
        if !options.testPatterns.isEmpty {
            self = try Self.byPattern(windows, table, options.testPatterns)
        } else if Set(windows.groups).count >= Self.fewestGroups {
            self = Self.byGroups(windows, table, targets, share: options.testShare)
        } else {
            self = Self.byTime(windows, targets, share: options.testShare)
        }
        guard !training.isEmpty else {
            throw StudyError(.split, "no window is left to train on: keep fewer groups or files for the test")
        }
        guard !test.isEmpty else {
            throw StudyError(.split, "no window is left to test with: more readings are needed")
        }
    }

    private init(method: Method, groups: [Int]) {
        self.method = method
        self.groups = groups
    }

    // MARK: By name

    private static func byPattern(
        _ windows: CutWindows, _ table: ReadingsTable, _ patterns: [String]
    ) throws(StudyError) -> WindowSplit {
        func isTest(_ name: String) -> Bool { patterns.contains { matches($0, name) } }
        var split = WindowSplit(method: .pattern, groups: windows.groups)
        var sides: [Int: Bool] = [:]
        for index in 0..<windows.count {
            let group = windows.groups[index]
            let name = table.groupNames[group]
            let isTest = isTest(name) || isTest(table.fileNames[windows.files[index]])
            if let side = sides[group], side != isTest {
                throw StudyError(
                    .leakage,
                    "\"\(name)\" stands in files of the test part and in others: a student would be tested on whom it "
                        + "was trained on. Choose --test so that every \(name) is on one side")
            }
            sides[group] = isTest
            if isTest { split.test.append(index) } else { split.training.append(index) }
        }
        guard !split.test.isEmpty else {
            let names = (table.isGrouped ? table.groupNames : []) + table.fileNames
            throw StudyError(
                .split,
                "no group or file is named \(patterns.joined(separator: " or ")); there are: "
                    + names.prefix(30).joined(separator: ", "))
        }
        split.testNames = sides.filter(\.value).keys.sorted().map { table.groupNames[$0] }
        return split
    }

    /// Whether a text fits a pattern in which `*` stands for any characters.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let (pattern, text) = (Array(pattern), Array(text))
        var (p, t, star, mark) = (0, 0, -1, 0)
        while t < text.count {
            if p < pattern.count, pattern[p] == "*" {
                (star, mark) = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] {
                p += 1
                t += 1
            } else if star >= 0 {
                mark += 1
                (p, t) = (star + 1, mark)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }

    // MARK: By groups

    /// Of 64 draws the first that has every class on both sides, or else most of them.
    private static func byGroups(
        _ windows: CutWindows, _ table: ReadingsTable, _ targets: [[Int]], share: Double
    ) -> WindowSplit {
        let names = Set(windows.groups).sorted()
        let count = min(names.count - 1, max(1, Int((Double(names.count) * share).rounded())))
        // Which classes each group has, as pairs of head and class.
        var held: [Int: Set<[Int]>] = [:]
        for (head, classes) in targets.enumerated() {
            for (index, value) in classes.enumerated() where value >= 0 {
                held[windows.groups[index], default: []].insert([head, value])
            }
        }
        let all = held.values.reduce(into: Set()) { $0.formUnion($1) }
        var best: (missing: Int, test: Set<Int>)?
        for draw in 0..<64 {
            let hashed = names.map { name in
                var random = RandomSource(seed: 0x7E57, name, draw)
                return (hash: random.next(), name: name)
            }
            let test = Set(hashed.sorted { $0 < $1 }.prefix(count).map(\.name))
            func classes(_ groups: some Sequence<Int>) -> Set<[Int]> {
                groups.reduce(into: Set()) { $0.formUnion(held[$1] ?? []) }
            }
            let missing =
                all.count - classes(test).count
                + 4 * (all.count - classes(names.filter { !test.contains($0) }).count)
            if missing < best?.missing ?? .max { best = (missing, test) }
            if missing == 0 { break }
        }
        let test = best?.test ?? []
        var split = WindowSplit(method: .groups, groups: windows.groups)
        for index in 0..<windows.count {
            if test.contains(windows.groups[index]) { split.test.append(index) } else { split.training.append(index) }
        }
        split.testNames = test.sorted().map { table.groupNames[$0] }
        return split
    }

    // MARK: By time

    private static func byTime(_ windows: CutWindows, _ targets: [[Int]], share: Double) -> WindowSplit {
        var split = WindowSplit(method: .time, groups: [Int](repeating: 0, count: windows.count))
        let kept = max(1, min(blocks - 1, Int((Double(blocks) * share).rounded())))
        let members = Dictionary(grouping: 0..<windows.count) { index in
            [windows.groups[index]] + targets.map { $0[index] }
        }
        var isTest = [Bool](repeating: false, count: windows.count)
        for indices in members.values {
            for (place, index) in indices.enumerated() {
                let block = place * blocks / indices.count
                split.groups[index] = block
                isTest[index] = block >= blocks - kept
            }
        }
        var covered = Set<Int>()
        for index in 0..<windows.count where isTest[index] {
            covered.formUnion(windows.starts[index]..<windows.starts[index] + windows.samples)
        }
        for index in 0..<windows.count {
            let rows = windows.starts[index]..<windows.starts[index] + windows.samples
            if isTest[index] {
                split.test.append(index)
            } else if covered.contains(rows.lowerBound) || covered.contains(rows.upperBound - 1) {
                split.overlapping += 1
            } else {
                split.training.append(index)
            }
        }
        return split
    }
}
