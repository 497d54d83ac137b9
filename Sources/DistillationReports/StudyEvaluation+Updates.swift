import Distillation
import ModelArtifact
import ModelDelta

extension StudyEvaluation {
    /// What the updates that were tried take and score.
    func addUpdates(_ report: inout StudyReport, _ updates: [BudgetedUpdate], from base: Student) throws {
        report.baseQuality = try quality(base)
        report.updates = try updates.map { update in
            let full = try DeltaCodec.encode(base: nil, target: update.student.encode())
            return StudyReport.UpdateRow(
                budget: update.budget, bytes: update.bytes, fullBytes: full.bytes.count,
                changedWeights: update.student.changedWeights(from: base), test: try quality(update.student))
        }
    }

    private func quality(_ student: Student) throws -> Double? {
        let predictor = try Predictor(student, threads: options.distillation.threads)
        return TargetScores.quality(
            TargetScores.all(try answers(predictor, data.test), data.test, data.targets))
    }
}
