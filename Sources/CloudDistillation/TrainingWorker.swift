import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry

/// Does one job: samples, teacher, student. The training itself runs on threads of its own.
struct TrainingWorker: Sendable {
    let collection: WindowCollection
    let shelf: TeacherShelf
    let engine: any TrainingEngine
    let folders: JobFolders
    let now: @Sendable () -> Double

    /// A student and what to say of it.
    struct Outcome: Sendable {
        let student: Student
        let report: JSONObject
    }

    /// Trains for a request, from where it was if a process that ended had begun with it. What the job keeps on disk stays
    /// there until the caller removes it.
    ///
    /// - Parameters:
    ///   - base: the student that the request's version names.
    ///   - stop: ends the training soon after it is set.
    ///   - report: called on the training's thread.
    /// - Throws: `CancellationError` where `stop` was set; what the engine or the database throws.
    func run(
        _ request: JobRequest, base: WarmStart?, stop: StopFlag, report: @escaping @Sendable (TrainingStep) -> Void
    ) async throws -> Outcome {
        if stop.isSet { throw CancellationError() }
        let folder = folders[request.id]
        try folder.begin()
        do {
            return try await train(request, base: base, folder: folder, stop: stop, report: report)
        } catch is CancellationError where stop.isSet {
            folder.forgive()
            throw CancellationError()
        }
    }

    private func train(
        _ request: JobRequest, base: WarmStart?, folder: JobFolder, stop: StopFlag,
        report: @escaping @Sendable (TrainingStep) -> Void
    ) async throws -> Outcome {
        let kept = try await BlockingWork.run("samples") { folder.samples() }
        let samples: CollectedSamples
        if let kept {
            samples = kept
        } else {
            let collected = try await collection.samples(request.model, teacher: request.teacher)
            try await BlockingWork.run("samples") { folder.keep(collected) }
            samples = collected
        }
        let seed = UInt64(bitPattern: Int64(request.seed))
        let started = now()
        let (engine, now) = (engine, now)
        let step: TrainingReport = { progress in
            report(progress)
            return !stop.isSet
        }
        return try await BlockingWork.run("training") {
            let checkpoints = folder.checkpoints
            let teacher =
                try request.teacher == .own
                ? teacher(samples, retrain: request.retrainTeacher) {
                    try engine.trainTeacher(samples, seed: seed, checkpoints: checkpoints, report: step)
                } : nil
            let taught = now()
            if stop.isSet { throw CancellationError() }
            let distilled = try engine.distill(
                samples, teacher: teacher?.model, base: base, seed: seed, checkpoints: checkpoints, report: step)
            if stop.isSet { throw CancellationError() }
            let report: JSONObject = [
                "teacher": .object(Self.report(teacher, samples.answers)), "student": .object(distilled.report),
                "windows": .integer(Int64(samples.count)), "groups": .integer(Int64(distilled.groups)),
                "seconds": .object([
                    "teacher": JSONValue(taught - started, places: 3), "student": JSONValue(now() - taught, places: 3),
                ]),
            ]
            return Outcome(student: distilled.student, report: report)
        }
    }

    /// The teacher on the shelf, or one made now and put there.
    private func teacher(
        _ samples: CollectedSamples, retrain: Bool, make: () throws -> any TeacherModel
    ) throws -> KeptTeacher {
        if !retrain, let kept = shelf[samples.task.name], kept.serves(samples.task) { return kept }
        let teacher = KeptTeacher(try make())
        try shelf.keep(teacher)
        return teacher
    }

    /// What the candidate's report says of whom its student learned from.
    private static func report(_ teacher: KeptTeacher?, _ answers: CollectedSamples.Answers?) -> JSONObject {
        if let teacher {
            var report = teacher.model.report
            report["digest"] = .string(teacher.digest.short)
            return report
        }
        return [
            "name": .string(answers?.teachers.joined(separator: ", ") ?? ""),
            "windows": .integer(Int64(answers?.count ?? 0)),
        ]
    }
}
