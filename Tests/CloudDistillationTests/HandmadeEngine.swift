import Distillation
import Foundation
import JSON
import ModelArtifact
import Synchronization
import Telemetry

@testable import CloudDistillation

/// An engine whose teachers and students are made by hand: sound, known, and there at once.
final class HandmadeEngine: TrainingEngine {
    /// What was asked of the engine.
    struct Log: Sendable, Equatable {
        var teachers = 0
        var students = 0
        var samples: [Int] = []
        var bases: [Student?] = []
    }

    /// A training that never ends by itself.
    let isEndless: Bool
    private let state = Mutex(Log())
    private let stopping = Mutex<StopFlag?>(nil)
    var log: Log { state.withLock { $0 } }

    init(isEndless: Bool = false) { self.isEndless = isEndless }

    /// Sets a flag once the next teacher is trained.
    func stopAtTeacher(_ stop: StopFlag) { stopping.withLock { $0 = stop } }

    func trainTeacher(
        _ samples: CollectedSamples, seed: UInt64, checkpoints: Checkpoints, report: @escaping TrainingReport
    ) throws -> any TeacherModel {
        state.withLock {
            $0.teachers += 1
            $0.samples.append(samples.count)
        }
        stopping.withLock { stop in
            stop?.set()
            stop = nil
        }
        while report(TrainingStep(phase: .teacher, fraction: 0.5, loss: 0.7, secondsLeft: 3)) {
            guard isEndless else { return Teacher(task: samples.task) }
            sched_yield()
        }
        throw CancellationError()
    }

    func teacher(decoding file: [UInt8]) throws -> any TeacherModel {
        Teacher(task: try TaskDocument(json: JSONValue(parsing: file)))
    }

    func distill(
        _ samples: CollectedSamples, teacher: (any TeacherModel)?, base: WarmStart?, seed: UInt64,
        checkpoints: Checkpoints, report: @escaping TrainingReport
    ) throws -> DistilledStudent {
        let made = state.withLock { log in
            log.students += 1
            log.bases.append(base?.student)
            return log.students
        }
        guard report(TrainingStep(phase: .student, fraction: 1)) else { throw CancellationError() }
        var student = Self.student(samples.task, weight: Int8(made))
        student.base = base?.digest
        return DistilledStudent(
            student: student, report: ["parameters": .integer(34)],
            groups: Set(samples.devices).count)
    }

    /// One dense layer whose weights are all `weight` for the second class and none for the first.
    static func student(_ task: TaskDocument, weight: Int8) -> Student {
        let inputs = task.window * task.channels.count
        let weights = [Int8](repeating: 0, count: inputs) + [Int8](repeating: weight, count: inputs)
        let layer = Student.QuantisedLayer(
            weight: weights, bias: [0, 0], weightScale: [0.01, 0.01], outputScale: 0.01, inputScale: nil)
        let input = [UInt8](repeating: 130, count: inputs)
        return Student(
            task: task,
            spec: NetworkSpec(samples: task.window, channels: task.channels.count, layers: [.dense(units: 2)]),
            normalisation: .init(mean: [0, 0], standardDeviation: [1, 1]), inputScale: 0.05, layers: [layer],
            gate: .init(temperature: 1, threshold: 0.5),
            golden: [.init(input: input, logits: [0, Int32(2 * inputs) * Int32(weight)])])
    }

    /// Says `moving` where values swing.
    struct Teacher: TeacherModel {
        let task: TaskDocument
        var file: [UInt8] { task.json.bytes }
        var report: JSONObject { ["parameters": .integer(3)] }

        func answers(to values: [Float]) throws -> [Float] {
            let size = task.window * task.channels.count
            return stride(from: 0, to: values.count, by: size).flatMap { start in
                let swing = values[start..<start + size].map(abs).reduce(0, +) / Float(size)
                return swing > 0.5 ? [0.25, 0.75] : [0.75, 0.25] as [Float]
            }
        }
    }
}
