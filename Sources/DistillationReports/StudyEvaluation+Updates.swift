import Distillation
import ModelArtifact
import ModelDelta

extension StudyEvaluation {
    /// What the updates that were tried take and score.
    func addUpdates(_ report: inout StudyReport, _ updates: [BudgetedUpdate], from base: Student) throws {
        let threads = options.distillation.threads
        report.baseQuality = try quality(try Predictor(base, threads: threads))
        report.updates = try updates.map { update in
            let full = try DeltaCodec.encode(base: nil, target: update.student.encode())
            return StudyReport.UpdateRow(
                budget: update.budget, bytes: update.bytes, fullBytes: full.bytes.count,
                changedWeights: update.student.changedWeights(from: base),
                test: try quality(try Predictor(update.student, threads: threads)))
        }
    }
}
