import Compression
package import NeuralNetwork

/// What one step of a recipe made of a student.
public struct CompressionStage: Sendable, Equatable {
    /// As the recipe has it; `float` before the first step.
    public var step: String
    public var parameters: Int
    /// Parameters that are not zero.
    public var nonZero: Int
    /// On the validation windows: ``Scores/quality``.
    public var quality: Double?
    /// Layers that bore less than was asked, by index in the spec the step began with: the share that was done.
    public var eased: [Int: Double] = [:]
    /// Layer that alone costs more than is allowed, where the step was left out or the loss remains.
    public var brokenBy: Int?
    /// Folded, in float.
    package var weights: NetworkWeights

    init(step: String, weights: NetworkWeights, quality: Double?) {
        self.step = step
        self.weights = weights
        self.quality = quality
        parameters = weights.values.count
        nonZero = weights.values.count { $0 != 0 }
    }
}

/// Takes a trained student in float through a recipe's steps, each with fine-tuning under distillation, as far as the
/// accuracy on the validation windows allows.
struct StudentCompression {
    let recipe: CompressionRecipe
    let trainer: StudentTrainer
    let options: DistillationOptions
    let observer: DistillationObserver?
    /// Of a folded network on the validation windows; nothing where there are none.
    let quality: (NetworkWeights) -> Double?
    let checkpointing: (NetworkWeights) -> Checkpointing?

    struct Outcome {
        var weights: NetworkWeights
        var mask: PruningMask?
        var stages: [CompressionStage]
        var curve: [EpochRecord] = []
    }

    /// Times that a step is tried, each more gently than before.
    private static let attempts = 4

    /// - Parameter weights: folded.
    func run(_ weights: NetworkWeights) throws -> Outcome {
        let reference = quality(weights)
        var outcome = Outcome(
            weights: weights, stages: [CompressionStage(step: "float", weights: weights, quality: reference)])
        for step in recipe.steps { try apply(step, to: &outcome, reference: reference) }
        return outcome
    }

    /// A network that a step has come to.
    private struct Attempt {
        var weights: NetworkWeights
        var mask: PruningMask?
        var curve: [EpochRecord] = []
    }

    private func apply(_ step: CompressionRecipe.Step, to outcome: inout Outcome, reference: Double?) throws {
        let before = outcome.weights
        var strengths = Dictionary(uniqueKeysWithValues: touched(by: step, before).map { ($0, 1.0) })
        var costliest: Int?
        for _ in 0..<Self.attempts where strengths.values.contains(where: { $0 > 0 }) {
            let attempt = try tuned(step, from: outcome, strengths: strengths)
            let reached = quality(attempt.weights)
            guard let reference, let reached, reached < reference - recipe.allowedLoss else {
                var stage = CompressionStage(step: step.description, weights: attempt.weights, quality: reached)
                stage.eased = strengths.filter { $0.value < 1 }
                outcome.stages.append(stage)
                outcome.curve += attempt.curve
                (outcome.weights, outcome.mask) = (attempt.weights, attempt.mask)
                return
            }
            costliest = try self.costliest(step, before, strengths)
            // The layer that suffers most bears half as much, and soon nothing.
            if let layer = costliest, let strength = strengths[layer] {
                strengths[layer] = strength > 0.3 ? strength / 2 : 0
            }
        }
        var stage = CompressionStage(step: step.description, weights: before, quality: outcome.stages.last?.quality)
        stage.eased = strengths.mapValues { _ in 0 }
        stage.brokenBy = costliest
        outcome.stages.append(stage)
    }

    /// The layer whose compression alone, without fine-tuning, costs most.
    private func costliest(
        _ step: CompressionRecipe.Step, _ weights: NetworkWeights, _ strengths: [Int: Double]
    ) throws -> Int? {
        var worst: (layer: Int, quality: Double)?
        for layer in strengths.keys.sorted() where strengths[layer] ?? 0 > 0 {
            let alone = strengths.mapValues { _ in 0.0 }.merging([layer: strengths[layer] ?? 0]) { $1 }
            guard let found = quality(try applied(step, weights, strengths: alone, progress: 1).weights) else {
                continue
            }
            if found < worst?.quality ?? .infinity { worst = (layer, found) }
        }
        return worst?.layer
    }

    /// Layers that a step may change.
    private func touched(by step: CompressionRecipe.Step, _ weights: NetworkWeights) -> [Int] {
        switch step {
        case .channels: ChannelPruning(weights).normScores.keys.sorted()
        case .lowRank(let rank): ranks(rank, LowRank(weights)).keys.sorted()
        case .prune: weights.layout.values.filter { $0.role == .weight }.map(\.layer)
        }
    }

    private func ranks(_ rank: CompressionRecipe.Rank, _ factors: LowRank) -> [Int: Int] {
        switch rank {
        case .energy(let energy): factors.ranks(energy: energy)
        case .parameters(let count): factors.ranks(parameters: count)
        }
    }

    /// A step with fine-tuning behind each of its parts.
    private func tuned(
        _ step: CompressionRecipe.Step, from outcome: Outcome, strengths: [Int: Double]
    ) throws -> Attempt {
        let parts =
            switch step {
            case .channels(_, _, let rounds): rounds
            case .lowRank: 1
            case .prune(_, _, let stages): stages
            }
        let epochs =
            options.compressionEpochs ?? DistillationOptions.epochs(220_000, trainer.indices.count, 8...80)
        var attempt = Attempt(weights: outcome.weights, mask: outcome.mask)
        for part in 1...parts {
            let changed = try applied(
                step, attempt.weights, strengths: strengths, progress: Double(part) / Double(parts),
                of: outcome.weights)
            // A network of another shape has lost its zeros' places, but not the zeros.
            let mask = changed.mask ?? outcome.mask.map { _ in PruningMask(zerosOf: changed.weights) }
            let result = try trainer.train(
                changed.weights,
                StudentTrainer.Phase(
                    phase: .compression, epochs: max(1, epochs / parts), rate: options.compressionRate, mask: mask,
                    decay: options.weightDecay / 5, observer: observer, checkpointing: checkpointing(changed.weights)))
            attempt.weights = mask?.applied(to: result.weights) ?? result.weights
            attempt.mask = mask
            attempt.curve += result.curve
        }
        return attempt
    }

    /// A part of a step without fine-tuning.
    ///
    /// - Parameters:
    ///   - strengths: share of the step that each layer bears.
    ///   - progress: share of the step to have done afterwards.
    ///   - first: the network that the step began with; `weights` if `nil`.
    private func applied(
        _ step: CompressionRecipe.Step, _ weights: NetworkWeights, strengths: [Int: Double], progress: Double,
        of first: NetworkWeights? = nil
    ) throws -> (weights: NetworkWeights, mask: PruningMask?) {
        switch step {
        case .channels(let keep, let score, _):
            let pruning = ChannelPruning(weights)
            let scores = score == .norm ? pruning.normScores : try taylorScores(pruning, weights)
            let count = Double((first ?? weights).values.count) * (1 - (1 - keep) * progress)
            let gone = pruning.choose(scores: scores, parameters: Int(count), strengths: strengths)
            return (pruning.removing(gone), nil)
        case .lowRank(let rank):
            let factors = LowRank(weights)
            let chosen = ranks(rank, factors).filter { strengths[$0.key] ?? 0 > 0 }
            return (factors.factorised(ranks: factors.eased(chosen, strengths)), nil)
        case .prune(let sparsity, let scope, _):
            let target = PruningMask.gradual(sparsity, progress: progress)
            let shares = PruningMask.sparsities(weights, target: target, scope: scope)
            let mask = PruningMask(
                weights,
                sparsities: Dictionary(
                    uniqueKeysWithValues: shares.map { ($0.key, $0.value * (strengths[$0.key] ?? 1)) }))
            return (mask.applied(to: weights), mask)
        }
    }

    private func taylorScores(_ pruning: ChannelPruning, _ weights: NetworkWeights) throws -> [Int: [Float]] {
        let recorder = pruning.taylorRecorder()
        try trainer.record(weights, with: recorder, batches: 32)
        return recorder.scores
    }
}
