import Compression
import ModelArtifact
import NeuralNetwork

/// Fine-tunes a student on its grid: once, and once more where weights have left their grid or the integers cost more than
/// the recipe allows; then within the bytes that an update may have.
struct GridTuning {
    let distillation: StudentDistillation
    let start: StudentDistillation.Start
    let trainer: StudentTrainer
    /// The validation windows.
    let held: LabelledWindows
    /// Of a warm start.
    let base: Student?
    /// A student of integers on a grid.
    let make: (DeployedForm, Int8Grid) throws -> Student

    /// What came of it.
    struct Outcome {
        var student: Student
        var curve: [EpochRecord]
        /// Layer whose integers cost most, where the recipe's loss is passed.
        var brokenBy: Int?
        /// Layers of the base that got new steps.
        var renewed: Set<Int> = []
        /// Of the frame that takes the base to the student, where a budget was set.
        var updateBytes: Int?
        /// Other budgets that were tried.
        var updates: [BudgetedUpdate] = []
    }

    /// A network after one fine-tuning.
    struct Pass {
        /// In float; the student has their nearest points on the grid.
        var weights: NetworkWeights
        var student: Student
        var curve: [EpochRecord]
    }

    var options: DistillationOptions { distillation.options }

    func run() throws -> Outcome {
        let body = options.updatesHeadOnly ? try base.map { try frozenBody(of: $0) } : nil
        var best = try tune(start.weights, start.quantiser, frozen: body, part: 1)
        var curve = best.curve
        var quantiser = start.quantiser
        var renewed: Set<Int> = []
        if base != nil, body == nil {
            let kept = try Calibration.keeping(
                quantiser.grid, best.weights, inputs: distillation.calibrationInputs(trainer),
                method: options.recipe.calibration)
            if !kept.renewed.isEmpty {
                renewed = Set(kept.renewed)
                quantiser = try Quantiser(spec: quantiser.spec, grid: kept.grid)
                best = try tune(best.weights, quantiser, part: 2)
                curve += best.curve
            }
        }
        var brokenBy: Int?
        if base == nil, let least = leastQuality {
            var reached = try quality(best.student)
            if reached < least {
                let again = try tune(best.weights, quantiser, part: 2)
                curve += again.curve
                let other = try quality(again.student)
                if other >= reached { (best, reached) = (again, other) }
            }
            if reached < least { brokenBy = try costliest() }
        }
        var outcome = Outcome(student: best.student, curve: curve, brokenBy: brokenBy, renewed: renewed)
        if let base { try restrain(&outcome, best, quantiser, base: base) }
        return outcome
    }

    /// All but the last layer stays what the base has.
    private func frozenBody(of base: Student) throws -> FrozenValues {
        let values = try Quantiser.weights(of: base)
        let head = values.layout.offset(base.spec.layers.count - 1, .weight)
        return FrozenValues(isFrozen: values.values.indices.map { $0 < head }, values: values.values)
    }

    /// Fine-tuning on a grid.
    ///
    /// - Parameters:
    ///   - frozen: values that stay what the base has.
    ///   - part: number of the training among those on the grid.
    ///   - share: of the usual passes.
    func tune(
        _ weights: NetworkWeights, _ quantiser: Quantiser, frozen: FrozenValues? = nil, part: Int, share: Double = 1
    ) throws -> Pass {
        let epochs =
            options.quantisedEpochs ?? DistillationOptions.epochs(110_000, trainer.indices.count, 5...60)
        let isWarm = base != nil
        let outcome = try trainer.train(
            weights,
            StudentTrainer.Phase(
                phase: .quantisation, epochs: max(1, Int(Double(epochs) * share)), rate: options.quantisedRate,
                quantiser: quantiser, mask: start.mask, frozen: frozen, anchor: isWarm ? start.weights.values : nil,
                decay: isWarm ? options.basePull : 0, reluctance: isWarm ? options.updateWeight : 0,
                observer: distillation.observer,
                checkpointing: distillation.checkpointing(.quantisation, part: part, quantiser.spec, weights)))
        return Pass(
            weights: outcome.weights, student: try student(outcome.weights, quantiser, frozen), curve: outcome.curve)
    }

    /// The student of float weights.
    func student(_ weights: NetworkWeights, _ quantiser: Quantiser, _ frozen: FrozenValues? = nil) throws -> Student {
        var weights = start.mask?.applied(to: weights) ?? weights
        frozen?.apply(to: &weights)
        let form = try DeployedForm(
            spec: quantiser.spec, layers: quantiser.layers(weights), grid: quantiser.grid,
            layout: distillation.layout, scale: trainer.objective.scale)
        return try make(form, quantiser.grid)
    }

    private func quality(_ student: Student) throws -> Double {
        Scores(try student.logits(held), held, distillation.layout.deployed)?.quality ?? 0
    }

    /// What the recipe asks of the integers; nothing where there is nothing to compare with.
    private var leastQuality: Double? {
        held.count > 0 ? start.reference.map { $0 - options.recipe.allowedLoss } : nil
    }

    /// The layer whose weights and activations, alone on the grid, cost most.
    private func costliest() throws -> Int? {
        var worst: (layer: Int, quality: Double)?
        for layer in start.quantiser.plan.layers {
            let (weights, grids) = start.quantiser.rounding(start.weights, only: layer.index)
            let real = trainer.objective.scale.applied(to: weights)
            let logits = NetworkEvaluator(real, trainer.normaliser, pool: distillation.pool, grids: grids).logits(held)
            guard let quality = Scores(logits, held, distillation.layout)?.quality else { continue }
            if quality < worst?.quality ?? .infinity { worst = (layer.index, quality) }
        }
        return worst?.layer
    }
}
