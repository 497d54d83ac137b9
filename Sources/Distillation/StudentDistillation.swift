import Compression
import ModelArtifact
import NeuralNetwork

/// One student from start to end: float training or a base's weights, the grid, fine-tuning on it, gate and golden vectors.
struct StudentDistillation {
    let task: TaskDocument
    let options: DistillationOptions
    let augmentation: Augmentation
    let teacher: TrainedTeacher
    let windows: LabelledWindows
    let pool: ComputePool
    let observer: DistillationObserver?

    /// Where fine-tuning on the grid begins.
    private struct Start {
        var weights: NetworkWeights
        var quantiser: Quantiser
        var floatLoss: Double?
        var floatAccuracy: Double?
        var floatEpochs = 0
    }

    func run(base: Distiller.Base?) throws -> DistillationResult {
        let clock = ContinuousClock()
        let began = clock.now
        let split = windows.split(validation: options.validationShare)
        let held = windows.selecting(split.validation)
        let fitting = base.flatMap { fits($0.student) ? $0 : nil }
        let normaliser = fitting.map { Normaliser($0.student.normalisation) } ?? Normaliser(of: windows)
        let trainer = makeTrainer(split.training, normaliser)
        let start = try fitting.map { try warmStart($0.student) } ?? coldStart(trainer, held)
        let epochs = options.quantisedEpochs ?? DistillationOptions.epochs(110_000, split.training.count, 5...60)
        let tuned = try trainer.train(
            start.weights,
            StudentTrainer.Phase(
                phase: .quantisation, epochs: epochs, rate: options.quantisedRate, quantiser: start.quantiser,
                anchor: fitting == nil ? nil : start.weights.values,
                decay: fitting == nil ? 0 : options.basePull, observer: observer))
        let layers = try start.quantiser.layers(tuned.weights)
        let network = try QuantisedNetwork(
            spec: start.quantiser.spec, layers: layers, normalisation: normaliser.normalisation,
            inputScale: start.quantiser.grid.inputScale)
        let scored = held.count > 0 ? held : windows.selecting(split.training)
        let logits = realLogits(network, scored, scale: layers.last?.outputScale ?? 1)
        let student = Student(
            task: task, spec: start.quantiser.spec, normalisation: normaliser.normalisation,
            inputScale: start.quantiser.grid.inputScale, layers: layers,
            gate: GateCalibration.gate(
                logits: logits, labels: scored.labels, classes: task.outputs,
                escalationShare: options.escalationShare),
            golden: golden(network), base: fitting?.digest)
        let report = DistillationReport(
            teacherAccuracy: accuracy(
                NetworkEvaluator(teacher.weights, Normaliser(teacher.normalisation), pool: pool).logits(held), held),
            floatAccuracy: start.floatAccuracy, int8Accuracy: held.count > 0 ? accuracy(logits, held) : nil,
            trainingWindows: split.training.count, validationWindows: held.count, floatLoss: start.floatLoss,
            quantisedLoss: tuned.loss, floatEpochs: start.floatEpochs, quantisedEpochs: epochs,
            seconds: (clock.now - began) / .seconds(1), warmStarted: fitting != nil,
            changedWeights: fitting.map { changed(layers, $0.student.layers) })
        return DistillationResult(student: student, report: report)
    }

    private var studentSpec: NetworkSpec { options.studentSpec ?? .student(for: task) }

    /// Whether a base's network computes what the task asks for within its limits.
    private func fits(_ base: Student) -> Bool {
        base.task.channels == task.channels && base.task.window == task.window && base.task.classes == task.classes
            && base.spec == studentSpec
    }

    private func makeTrainer(_ indices: [Int], _ normaliser: Normaliser) -> StudentTrainer {
        let batch = min(options.batch, indices.count)
        return StudentTrainer(
            windows: windows, indices: indices,
            feeder: WindowFeeder(
                windows: windows, indices: indices, augmentation: augmentation, mixing: options.studentMixing,
                normaliser: normaliser),
            memory: TeacherMemory(
                teacher, windows: windows.count, copies: options.copies, batch: batch,
                shards: min(options.threads, batch)),
            normaliser: normaliser, options: options, pool: pool)
    }

    private func warmStart(_ base: Student) throws -> Start {
        Start(
            weights: try Quantiser.weights(of: base),
            quantiser: try Quantiser(spec: base.spec, grid: Int8Grid(of: base)))
    }

    private func coldStart(_ trainer: StudentTrainer, _ held: LabelledWindows) throws -> Start {
        let spec = studentSpec
        let epochs = options.studentEpochs ?? DistillationOptions.epochs(450_000, trainer.indices.count, 20...300)
        let trained = try trainer.train(
            NetworkWeights(spec: spec.trainable, seed: options.seed),
            StudentTrainer.Phase(
                phase: .student, epochs: epochs, rate: options.studentRate, decay: options.weightDecay / 5,
                observer: observer))
        let folded = try trained.weights.folded()
        let grid = try Calibration.grid(folded, inputs: calibrationInputs(trainer))
        let evaluator = NetworkEvaluator(trained.weights, trainer.normaliser, pool: pool)
        return Start(
            weights: folded, quantiser: try Quantiser(spec: spec, grid: grid), floatLoss: trained.loss,
            floatAccuracy: accuracy(evaluator.logits(held), held), floatEpochs: epochs)
    }

    /// Changed, normalised copies of up to 512 windows.
    private func calibrationInputs(_ trainer: StudentTrainer) -> [Float] {
        let count = min(512, trainer.indices.count)
        let size = windows.windowSize
        var inputs = [Float](repeating: 0, count: count * size)
        inputs.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for position in 0..<count {
                let index = trainer.indices[position * trainer.indices.count / count]
                trainer.feeder.withWindow(index, seed: options.seed) { raw in
                    trainer.normaliser.apply(raw, samples: windows.samples, into: base + position * size)
                }
            }
        }
        return inputs
    }

    private func input(_ network: QuantisedNetwork, _ windows: LabelledWindows, _ index: Int) -> [UInt8] {
        network.quantise(windows.values[index * windows.windowSize..<(index + 1) * windows.windowSize])
    }

    private func realLogits(_ network: QuantisedNetwork, _ windows: LabelledWindows, scale: Float) -> [Float] {
        (0..<windows.count).flatMap { index in
            network.logits(input: input(network, windows, index)).map { Float($0) * scale }
        }
    }

    private func golden(_ network: QuantisedNetwork) -> [Student.GoldenVector] {
        [0, windows.count / 2].map { index in
            let input = input(network, windows, index)
            return Student.GoldenVector(input: input, logits: network.logits(input: input))
        }
    }

    /// Share of weights that differ.
    private func changed(_ layers: [Student.QuantisedLayer], _ base: [Student.QuantisedLayer]) -> Double {
        var total = 0
        var different = 0
        for (layer, before) in zip(layers, base) {
            total += layer.weight.count
            different += zip(layer.weight, before.weight).count { $0 != $1 }
        }
        return Double(different) / Double(max(1, total))
    }
}
