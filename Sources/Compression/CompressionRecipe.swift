/// What makes a trained student smaller, step by step; the int8 grid comes last.
public struct CompressionRecipe: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        /// Channels and neurons taken out until this share of the parameters is left, in rounds with fine-tuning between.
        case channels(keep: Double, score: ChannelScore, rounds: Int)
        /// Layers replaced by two smaller ones.
        case lowRank(Rank)
        /// This share of the weights set to zero, gradually.
        case prune(sparsity: Double, scope: PruningMask.Scope, stages: Int)
    }

    /// How ranks are chosen.
    public enum Rank: Sendable, Equatable {
        /// Share of each layer's squared singular values that stays.
        case energy(Double)
        /// Parameters of the whole network afterwards.
        case parameters(Int)
    }

    public typealias ChannelScore = ChannelPruning.Score

    public var steps: [Step]
    /// How the int8 grid's steps are chosen.
    public var calibration: CalibrationMethod
    /// Accuracy that all of it may cost on the validation windows, against the student before the first step.
    public var allowedLoss: Double

    public init(
        steps: [Step] = [], calibration: CalibrationMethod = .meanSquare, allowedLoss: Double = 0.005
    ) {
        self.steps = steps
        self.calibration = calibration
        self.allowedLoss = allowedLoss
    }

    /// The int8 grid alone.
    public static let int8 = CompressionRecipe()

    /// Whether the network that comes out has other layers than the one that went in.
    public var changesNetwork: Bool {
        steps.contains { step in
            if case .prune = step { false } else { true }
        }
    }

    /// Share of its parameters that a network keeps through the steps that say so.
    public var keptShare: Double {
        steps.reduce(1) { share, step in
            if case .channels(let keep, _, _) = step { share * keep } else { share }
        }
    }
}
