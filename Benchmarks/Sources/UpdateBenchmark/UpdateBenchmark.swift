import Distillation
import DistillationReports
import Glibc
import ModelArtifact
import ModelDelta
import NeuralNetwork
import Recordings

/// Real updates of students of wisdm-watch, and what they take within budgets of bytes.
///
/// `update-benchmark FOLDER OUT SEED` distills a base from fifteen people, then updates it in two ways: a light refresh on
/// the same people with the windows that the base was not shown, and on five new people besides. It prints one line of JSON
/// for each update (people never trained on are the test) and leaves the files in OUT.
@main
struct UpdateBenchmark {
    /// Shares of the whole student in zstd.
    private static let budgets: [Double] = [0.5, 0.2, 0.1, 0.05]
    private static let people = 15

    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 3, let seed = UInt64(words[2]) else {
            throw UsageError(description: "usage: update-benchmark FOLDER OUT SEED")
        }
        var study = StudyOptions(paths: [words[0]], layout: ReadingsLayout(labels: ["label"]))
        study.testPatterns = ["test-*"]
        let run = Run(data: try StudyData(study), seed: seed, folder: words[1])
        try run.run()
    }

    struct UsageError: Error, CustomStringConvertible { var description: String }

    struct Run {
        let data: StudyData
        let seed: UInt64
        let folder: String

        func run() throws {
            let everyone = data.training
            let groups = Array(Set(everyone.groups)).sorted()
            let known = Set(groups.prefix(UpdateBenchmark.people))
            let old = (0..<everyone.count).filter { known.contains(everyone.groups[$0]) }
            // The base has seen four windows of five of its people.
            let shown = everyone.selecting(old.enumerated().filter { $0.offset % 5 != 0 }.map(\.element))
            let teacher = try distiller().trainTeacher(everyone).teacher
            let first = try distiller().distill(teacher, windows: shown).student
            let base = Distiller.Base(student: first, digest: ContentDigest(of: first.encode()).hex)
            try write(first, "base-\(seed)")
            try print(scenario: "base", budget: 0, student: first, base: nil)
            for (scenario, windows) in [("refresh", everyone.selecting(old)), ("people", everyone)] {
                let free = try distiller().distill(teacher, windows: windows, from: base).student
                try write(free, "\(scenario)-\(seed)-100")
                try print(scenario: scenario, budget: 1, student: free, base: first)
                for budget in UpdateBenchmark.budgets {
                    guard let small = try update(teacher, windows, base, within: budget) else { continue }
                    try write(small, "\(scenario)-\(seed)-\(Int(100 * budget))")
                    try print(scenario: scenario, budget: budget, student: small, base: first)
                }
            }
            var other = DistillationOptions(seed: seed + 1000)
            other.validationShare = 0.1
            let scratch = try Distiller(task: data.task, options: other).distill(teacher, windows: everyone).student
            try write(scratch, "scratch-\(seed)-100")
            try print(scenario: "scratch", budget: 1, student: scratch, base: first)
        }

        /// Nothing where no update is as small.
        private func update(
            _ teacher: TrainedTeacher, _ windows: LabelledWindows, _ base: Distiller.Base, within budget: Double
        ) throws -> Student? {
            do {
                return try distiller(budget).distill(teacher, windows: windows, from: base).student
            } catch let error as DistillationError where error.code == .overBudget { return nil }
        }

        private func distiller(_ budget: Double? = nil) throws -> Distiller {
            var options = DistillationOptions(seed: seed)
            options.updateBudget = budget.map { .share($0) }
            if budget != nil { options.updateWeight = 0.2 }
            return try Distiller(task: data.task, options: options)
        }

        private func print(scenario: String, budget: Double, student: Student, base: Student?) throws {
            let layout = try OutputLayout(task: data.task)
            let accuracy = Scores(try student.logits(data.test, threads: 2), data.test, layout)?.accuracy ?? 0
            let full = try DeltaCodec.encode(base: nil, target: student.encode()).bytes.count
            let update = try base.map { try DeltaCodec.encode(base: $0.encode(), target: student.encode()) }
            let moves = base.map { base in
                zip(student.layers, base.layers).flatMap { zip($0.weight, $1.weight).map { Int($0) - Int($1) } }
            }
            Swift.print(
                "{\"seed\": \(seed), \"scenario\": \"\(scenario)\", \"budget\": \(budget), \"accuracy\": \(accuracy), "
                    + "\"full\": \(full), \"bytes\": \(update?.bytes.count ?? full), "
                    + "\"method\": \"\(update?.method.rawValue ?? "full")\", "
                    + "\"moved\": \(moves?.count { $0 != 0 } ?? 0), \"weights\": \(moves?.count ?? 0), "
                    + "\"entropyBytes\": \(moves.map(Self.entropy) ?? 0)}")
            fflush(nil)
        }

        /// Zeroth-order entropy of the moves, in bytes.
        private static func entropy(_ moves: [Int]) -> Double {
            let counts = Dictionary(grouping: moves) { $0 }.mapValues { Double($0.count) }
            let total = Double(moves.count)
            return counts.values.reduce(0) { $0 - $1 * log2($1 / total) } / 8
        }

        private func write(_ student: Student, _ name: String) throws {
            let path = "\(folder)/\(name).safetensors"
            guard let file = fopen(path, "w") else { throw UsageError(description: "\(path) cannot be written") }
            defer { fclose(file) }
            let bytes = student.encode()
            guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
                throw UsageError(description: "\(path) cannot be written")
            }
        }
    }
}
