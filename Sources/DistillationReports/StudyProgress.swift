package import Presentation

/// How far a study is.
public struct StudyProgress: Sendable, Equatable {
    public enum Stage: String, Sendable, CaseIterable {
        case reading
        case teacher
        case student
        case studentGrid = "student on the int8 grid"
        case baseline = "student from labels alone"
        case baselineGrid = "labels alone, int8 grid"
        case focus = "student with a focus"
        case focusGrid = "focus, int8 grid"
        case comparison
        case evaluation
    }

    public var stage: Stage
    /// What of the stage is being done, where it has parts.
    public var detail: String?
    /// Share of the stage that is done, 0...1.
    public var fraction: Double
    /// Mean loss of the current pass; `nil` where nothing is trained.
    public var loss: Double?
    /// Expected seconds until the stage ends; `nil` where that is not known.
    public var secondsLeft: Double?

    /// What a progress bar shows of it.
    package var step: ProgressLine.Step {
        ProgressLine.Step(
            name: detail ?? stage.rawValue, fraction: fraction, loss: loss, secondsLeft: secondsLeft)
    }
}

/// Called from the thread that computes. Returning `false` cancels.
public typealias StudyObserver = (StudyProgress) -> Bool
