import Distillation
import ModelArtifact

/// A network that a person chose.
public enum NetworkChoice: Sendable, Equatable {
    /// Residual convolutions.
    case residual
    /// Convolutions and a gated recurrent unit.
    case recurrent
    /// Convolutions over a spectrogram.
    case spectrogram
    /// Three convolutions, as wide as so many parameters allow.
    case convolutions(parameters: Int)
    /// Convolutions of which all but the first are split into a depthwise one and one over channels.
    case separable
    /// Dense layers with ReLU between, of so many units each, and the output behind them.
    case dense([Int])

    /// Reads `residual`, `recurrent`, `spectrogram`, `conv:12000`, `separable`, `dense:64,32`, or `dense` for outputs alone.
    public init?(_ text: String) {
        switch text {
        case "residual": self = .residual
        case "recurrent": self = .recurrent
        case "spectrogram": self = .spectrogram
        case "separable": self = .separable
        case "dense": self = .dense([])
        case _ where text.hasPrefix("conv:"):
            guard let count = Int(text.dropFirst(5)), (100...10_000_000).contains(count) else { return nil }
            self = .convolutions(parameters: count)
        default:
            guard text.hasPrefix("dense:") else { return nil }
            let parts = text.dropFirst(6).split(separator: ",", omittingEmptySubsequences: false)
            let units = parts.compactMap { Int($0) }.filter { (1...4096).contains($0) }
            guard units.count == parts.count, units.count <= 8 else { return nil }
            self = .dense(units)
        }
    }

    /// Whether a device can run it: students are made of what the integer runtime knows.
    public var fitsStudents: Bool {
        switch self {
        case .convolutions, .separable, .dense: true
        case .residual, .recurrent, .spectrogram: false
        }
    }

    /// - Parameter isSingle: two classes are told by one output, as a number is.
    func spec(_ task: TaskDocument, isSingle: Bool) -> NetworkSpec {
        switch self {
        case .residual: return .residualTeacher(for: task)
        case .recurrent: return .recurrentTeacher(for: task)
        case .spectrogram: return .spectrogramTeacher(for: task)
        case .convolutions(let parameters): return .student(for: task, parameters: parameters)
        case .separable: return .separableStudent(for: task)
        case .dense(let units):
            let hidden = units.flatMap { [NetworkSpec.Layer.dense(units: $0), .relu] }
            return NetworkSpec(
                samples: task.window, channels: task.channels.count,
                layers: hidden + [.dense(units: isSingle ? 1 : task.outputs)])
        }
    }
}

extension StudyOptions {
    /// Whether two classes are told by a single output: where nothing but dense layers was chosen.
    func isSingleOutput(_ task: TaskDocument) -> Bool {
        task.kind == .classification && task.classes.count == 2 && [teacher, student].compactMap(\.self).count > 0
            && [teacher, student].allSatisfy { $0?.fitsStudents ?? true }
    }
}
