/// How far a distillation is.
public struct DistillationProgress: Sendable, Equatable {
    public enum Phase: String, Sendable, CaseIterable { case teacher, student, compression, quantisation, evaluation }

    public var phase: Phase
    /// Share of the phase that is done, 0...1.
    public var fraction: Double
    /// Passes over the data so far in this phase.
    public var epoch: Int
    /// Mean loss of the last pass, in nats.
    public var loss: Double
    /// Expected seconds until the phase ends.
    public var secondsLeft: Double
    /// Passes of this phase that its checkpoint had done; 0 where it started anew.
    public var resumedFrom: Int

    public init(
        phase: Phase, fraction: Double, epoch: Int, loss: Double, secondsLeft: Double, resumedFrom: Int = 0
    ) {
        self.phase = phase
        self.fraction = fraction
        self.epoch = epoch
        self.loss = loss
        self.secondsLeft = secondsLeft
        self.resumedFrom = resumedFrom
    }
}

/// Called from the thread that trains, several times a second at most. Returning `false` cancels the training.
public typealias DistillationObserver = (DistillationProgress) -> Bool
