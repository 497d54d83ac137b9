import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry

/// Does one job: samples, teacher, student. The training itself runs on threads of its own.
struct TrainingWorker: Sendable {
    let collection: WindowCollection
    let shelf: TeacherShelf
    let engine: any TrainingEngine
    let now: @Sendable () -> Double

    /// A student and what to say of it.
    struct Outcome: Sendable {
        let student: Student
        let report: JSONObject
    }

    /// Trains for a request.
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
        let samples = try await collection.samples(request.model)
        let seed = UInt64(bitPattern: Int64(request.seed))
        let started = now()
        let (engine, shelf, now) = (engine, shelf, now)
        let step: TrainingReport = { progress in
            report(progress)
            return !stop.isSet
        }
        let kept = shelf[samples.task.name].flatMap { $0.serves(samples.task) ? $0 : nil }
        return try await BlockingWork.run("training") {
            let teacher: KeptTeacher
            if let kept, !request.retrainTeacher {
                teacher = kept
            } else {
                teacher = KeptTeacher(try engine.trainTeacher(samples, seed: seed, report: step))
                try shelf.keep(teacher)
            }
            let taught = now()
            if stop.isSet { throw CancellationError() }
            let distilled = try engine.distill(samples, teacher: teacher.model, base: base, seed: seed, report: step)
            if stop.isSet { throw CancellationError() }
            var teacherReport = teacher.model.report
            teacherReport["digest"] = .string(teacher.digest.short)
            let report: JSONObject = [
                "teacher": .object(teacherReport), "student": .object(distilled.report),
                "windows": .integer(Int64(samples.count)), "groups": .integer(Int64(distilled.groups)),
                "seconds": .object([
                    "teacher": JSONValue(taught - started, places: 3), "student": JSONValue(now() - taught, places: 3),
                ]),
            ]
            return Outcome(student: distilled.student, report: report)
        }
    }
}
