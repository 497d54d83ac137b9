import Distillation
import DistillationReports
import Glibc
import ModelArtifact
import ModelDelta
import NeuralNetwork
import Recordings

/// Real updates of students of wisdm-watch, and what they take within budgets of bytes.
///
/// A base is distilled from eight people and then updated: a light refresh on the same people with the windows that the
/// base was not shown, twelve new people besides, a refresh of the last layer alone, and a student from scratch. One line of
/// JSON is printed for each (people never trained on are the test); the files are left in a folder.
struct TrainingRun {
    /// Shares of the whole student in zstd.
    private static let budgets: [Double] = [0.5, 0.2, 0.1, 0.05]
    private static let people = 8

    let data: StudyData
    let seed: UInt64
    let folder: String

    func run() throws {
        let everyone = data.training
        let groups = Array(Set(everyone.groups)).sorted()
        let known = Set(groups.prefix(Self.people))
        let old = (0..<everyone.count).filter { known.contains(everyone.groups[$0]) }
        // The base has seen four windows of five of its people.
        let shown = everyone.selecting(old.enumerated().filter { $0.offset % 5 != 0 }.map(\.element))
        let teacher = try distiller().trainTeacher(everyone).teacher
        let first = try distiller().distill(teacher, windows: shown).student
        let base = Distiller.Base(student: first, digest: ContentDigest(of: first.encode()).hex)
        try Files.write(first.encode(), folder, "base-\(seed)")
        try print(scenario: "base", budget: 0, student: first, base: nil)
        for (scenario, windows) in [("refresh", everyone.selecting(old)), ("people", everyone)] {
            let curve = Self.budgets.map { UpdateBudget.share($0) }
            let result = try distiller { $0.updateCurve = curve }.distill(teacher, windows: windows, from: base)
            try Files.write(result.student.encode(), folder, "\(scenario)-\(seed)-100")
            try print(scenario: scenario, budget: 1, student: result.student, base: first)
            for update in result.updates {
                guard case .share(let share) = update.budget else { continue }
                try Files.write(update.student.encode(), folder, "\(scenario)-\(seed)-\(Int(100 * share))")
                try print(scenario: scenario, budget: share, student: update.student, base: first)
            }
        }
        let head = try distiller { $0.updatesHeadOnly = true }
            .distill(teacher, windows: everyone.selecting(old), from: base).student
        try Files.write(head.encode(), folder, "head-\(seed)-100")
        try print(scenario: "head", budget: 1, student: head, base: first)
        let scratch = try distiller { $0.seed = seed + 1000 }.distill(teacher, windows: everyone).student
        try Files.write(scratch.encode(), folder, "scratch-\(seed)-100")
        try print(scenario: "scratch", budget: 1, student: scratch, base: first)
    }

    private func distiller(_ change: (inout DistillationOptions) -> Void = { _ in }) throws -> Distiller {
        var options = DistillationOptions(seed: seed)
        change(&options)
        return try Distiller(task: data.task, options: options)
    }

    private func print(scenario: String, budget: Double, student: Student, base: Student?) throws {
        let layout = try OutputLayout(task: data.task)
        let accuracy = Scores(try student.logits(data.test, threads: 2), data.test, layout)?.accuracy ?? 0
        let full = try DeltaCodec.encode(base: nil, target: student.encode()).bytes.count
        let update = try base.map { try DeltaCodec.encode(base: $0.encode(), target: student.encode()) }
        let moves = base.map { Moves.of(student, from: $0) }
        Swift.print(
            "{\"seed\": \(seed), \"scenario\": \"\(scenario)\", \"budget\": \(budget), \"accuracy\": \(accuracy), "
                + "\"full\": \(full), \"bytes\": \(update?.bytes.count ?? full), "
                + "\"method\": \"\(update?.method.rawValue ?? "full")\", "
                + "\"moved\": \(moves?.count { $0 != 0 } ?? 0), \"weights\": \(moves?.count ?? 0), "
                + "\"entropyBytes\": \(moves.map(Moves.entropy) ?? 0)}")
        fflush(nil)
    }
}
