import Distillation
import ModelArtifact

@testable import CloudDistillation

/// An engine for tests that train nothing: every training fails, and says so.
struct EmptyEngine: TrainingEngine {
    struct Failure: Error, CustomStringConvertible { let description = "the loss is not finite" }

    func trainTeacher(
        _ samples: CollectedSamples, seed: UInt64, checkpoints: Checkpoints, report: @escaping TrainingReport
    ) throws -> any TeacherModel { throw Failure() }

    func teacher(decoding file: [UInt8]) throws -> any TeacherModel { throw Failure() }

    func distill(
        _ samples: CollectedSamples, teacher: (any TeacherModel)?, base: WarmStart?, seed: UInt64,
        checkpoints: Checkpoints, report: @escaping TrainingReport
    ) throws -> DistilledStudent { throw Failure() }
}
