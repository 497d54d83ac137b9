import Compression
import Distillation
import Energy
import ModelArtifact
import NeuralNetwork
import Telemetry
import Zstd

/// Scores trained networks on windows that none of them has seen.
struct StudyEvaluation {
    let data: StudyData
    let options: StudyOptions
    let observer: StudyObserver

    /// Windows that hardships are scored on at most.
    private static let hardshipLimit = 2000

    func report(
        teacher: StudyTraining.Trained<TrainedTeacher>, student: StudyTraining.Trained<Student>,
        baseline: StudyTraining.Trained<Student>?
    ) throws -> StudyReport {
        try step(0)
        let split = data.training.split(validation: options.distillation.validationShare)
        let seen = data.training.selecting(split.training)
        let pool = ComputePool(threads: options.distillation.threads)
        let ofTeacher = Predictor(teacher.network, pool: pool)
        let ofStudent = try Predictor(student.network, threads: pool.threads)
        var predictors = [ofTeacher, ofStudent]
        let file = student.network.encode()
        var models = [
            try model(
                .teacher, teacher.network.spec, bytes: 4 * teacher.network.spec.parameterCount, ofTeacher, seen,
                teacher.curve, teacher.seconds),
            try model(
                .student, student.network.spec, bytes: file.count, ofStudent, seen, student.curve, student.seconds),
        ]
        try step(0.2)
        if let baseline {
            let predictor = try Predictor(baseline.network, threads: pool.threads)
            predictors.append(predictor)
            models.append(
                try model(
                    .baseline, baseline.network.spec, bytes: baseline.network.encode().count, predictor, seen,
                    baseline.curve, baseline.seconds))
        }
        try step(0.3)
        var report = StudyReport(
            task: data.task, targets: data.targets, facts: data.facts, trainingWindows: split.training.count,
            validationWindows: split.validation.count, testWindows: data.test.count, options: options.distillation,
            profile: options.profile, models: models, agreement: try agreement(ofTeacher, ofStudent),
            studentDigest: ContentDigest(of: file).description)
        report.compression = try compression(student, file: file, pool: pool)
        if let base = options.base { try addUpdates(&report, student.updates, from: base.student) }
        try addHardships(&report, predictors, teacher.network.normalisation)
        if file.count > options.bytes {
            report.facts.notes.append(
                "The student's file of \(file.count) bytes is larger than the \(options.bytes) that --bytes allows")
        }
        try step(1)
        return report
    }

    private func step(_ fraction: Double) throws(StudyError) {
        guard observer(StudyProgress(stage: .evaluation, fraction: fraction)) else {
            throw StudyError(.cancelled, "stopped")
        }
    }

    /// On the test part.
    func quality(_ predictor: Predictor) throws -> Double? {
        TargetScores.quality(TargetScores.all(try answers(predictor, data.test), data.test, data.targets))
    }

    private func answers(_ predictor: Predictor, _ windows: LabelledWindows) throws -> [Float] {
        TargetScores.answers(try predictor.logits(windows), windows: windows.count, targets: data.targets)
    }

    private func model(
        _ role: StudyReport.Role, _ spec: NetworkSpec, bytes: Int, _ predictor: Predictor, _ seen: LabelledWindows,
        _ curve: [EpochRecord], _ seconds: Double
    ) throws -> StudyReport.Model {
        let latency = try predictor.latency(data.test)
        let onDevice = options.profile.seconds(multiplyAccumulates: spec.multiplyAccumulates, int8: role != .teacher)
        return StudyReport.Model(
            role: role, spec: spec, bytes: bytes, latency: latency, deviceSeconds: onDevice,
            energy: options.profile.compute(seconds: onDevice),
            test: TargetScores.all(try answers(predictor, data.test), data.test, data.targets),
            training: TargetScores.all(try answers(predictor, seen), seen, data.targets), curve: curve,
            seconds: seconds)
    }

    /// Share of answers, over windows and targets, that are the same.
    private func agreement(_ teacher: Predictor, _ student: Predictor) throws -> ScoreInterval? {
        guard data.targets.allSatisfy({ !$0.isValue }) else { return nil }
        let pairs = zip(try answers(teacher, data.test), try answers(student, data.test))
        return ScoreInterval(successes: pairs.count { $0 == $1 }, trials: data.test.count * data.targets.count)
    }

    private func addHardships(
        _ report: inout StudyReport, _ predictors: [Predictor], _ normalisation: Student.Normalisation
    ) throws {
        let count = min(data.test.count, Self.hardshipLimit)
        let windows = data.test.selecting((0..<count).map { $0 * data.test.count / count })
        let robustness = Robustness(
            axes: data.task.axisIndices,
            normalisation: normalisation, seed: options.distillation.seed)
        var rows: [[Robustness.Row]] = []
        for (place, predictor) in predictors.enumerated() {
            rows.append(
                try robustness.rows(windows) { logits, windows in
                    let answers = TargetScores.answers(logits, windows: windows.count, targets: data.targets)
                    return TargetScores.quality(TargetScores.all(answers, windows, data.targets)) ?? 0
                } logits: {
                    try predictor.logits($0)
                })
            try step(0.3 + 0.7 * Double(place + 1) / Double(predictors.count))
        }
        report.hardshipWindows = count
        report.hardships = robustness.conditions.enumerated().map { index, condition in
            StudyReport.Hardship(condition: condition, scores: rows.map { $0[index].score })
        }
    }
}

extension StudyEvaluation {
    /// The student after each step of its recipe.
    private func compression(
        _ student: StudyTraining.Trained<Student>, file: [UInt8], pool: ComputePool
    ) throws -> [StudyReport.CompressionRow] {
        guard let distillation = student.distillation else { return [] }
        var rows: [StudyReport.CompressionRow] = []
        for stage in distillation.stages {
            let predictor = Predictor(
                TrainedTeacher(weights: stage.weights, normalisation: student.network.normalisation), pool: pool)
            let bytes = stage.weights.values.withUnsafeBytes { Array($0) }
            rows.append(
                try row(
                    stage.step, predictor, spec: stage.weights.spec, nonZero: stage.nonZero, file: bytes,
                    validation: stage.quality, brokenBy: stage.brokenBy, eased: stage.eased, isInt8: false))
        }
        if let last = distillation.stages.last {
            rows.append(try halves(last, student.network, pool: pool))
        }
        let network = student.network
        rows.append(
            try row(
                options.distillation.recipe.calibration.description, try Predictor(network, threads: pool.threads),
                spec: network.spec,
                nonZero: network.layers.reduce(0) { sum, layer in
                    sum + layer.weight.count { $0 != 0 } + layer.bias.count { $0 != 0 }
                },
                file: file, validation: distillation.int8?.quality, brokenBy: distillation.brokenBy, eased: [:],
                isInt8: true))
        return rows
    }

    /// What weights of half the bytes would do, without any training on them.
    private func halves(
        _ stage: CompressionStage, _ student: Student, pool: ComputePool
    ) throws -> StudyReport.CompressionRow {
        var weights = stage.weights
        let tensor = SafetensorsTensor(name: "weights", shape: [weights.values.count], halves: weights.values)
        weights.values = try tensor.halves()
        let predictor = Predictor(
            TrainedTeacher(weights: weights, normalisation: student.normalisation), pool: pool)
        return try row(
            "float16, instead of int8", predictor, spec: weights.spec, nonZero: weights.values.count { $0 != 0 },
            file: tensor.bytes, validation: nil, brokenBy: nil, eased: [:], isInt8: false)
    }

    private func row(
        _ step: String, _ predictor: Predictor, spec: NetworkSpec, nonZero: Int, file: [UInt8], validation: Double?,
        brokenBy: Int?, eased: [Int: Double], isInt8: Bool
    ) throws -> StudyReport.CompressionRow {
        let latency = try predictor.latency(data.test)
        let seconds = options.profile.seconds(multiplyAccumulates: spec.multiplyAccumulates, int8: isInt8)
        var compressor = try ZstdCompressor(level: 19)
        return StudyReport.CompressionRow(
            step: step, parameters: spec.parameterCount, nonZero: nonZero, bytes: file.count,
            compressedBytes: try compressor.compress(file).count,
            multiplyAccumulates: spec.multiplyAccumulates, validation: validation,
            test: try quality(predictor),
            latency: latency,
            energy: options.profile.compute(seconds: seconds),
            brokenBy: brokenBy, eased: eased)
    }
}
