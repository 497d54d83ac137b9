import ModelArtifact
import NeuralNetwork
import TensorKernels

/// What the teachers think of each window in each of a number of random changes.
///
/// A change is remade from its number and the teachers are asked once: later epochs over the same change cost the
/// student's share alone. Given answers count for every change of their window.
///
/// `@unchecked Sendable`: a batch names a window once, so no two shards touch the same element of `logits`, `features` or
/// `known`, and each uses its own passes.
final class TeacherMemory: @unchecked Sendable {
    let copies: Int
    let outputs: Int
    /// Numbers of a window's features; 0 where none are kept.
    let featureCount: Int
    private let windows: Int
    private let teachers: [TrainedTeacher]
    private let normalisers: [Normaliser]
    /// By shard, then teacher.
    private let passes: [[NetworkPass]]
    private let logits: FloatBuffer
    private let features: FloatBuffer
    /// 1 where `logits` holds an answer.
    private let known: FloatBuffer

    /// - Parameter featureLayer: of the first teacher, whose output is kept too.
    init(
        _ guidance: Guidance, windows: Int, outputs: Int, copies: Int, batch: Int, shards: Int, featureLayer: Int? = nil
    ) {
        self.windows = windows
        self.outputs = outputs
        if case .teachers(let teachers) = guidance { self.teachers = teachers } else { teachers = [] }
        normalisers = teachers.map { Normaliser($0.normalisation) }
        let capacity = (batch + shards - 1) / shards
        let teachers = teachers
        passes = (0..<shards).map { _ in
            teachers.enumerated().map { position, teacher in
                let pass = NetworkPass(
                    spec: teacher.spec, capacity: capacity, training: false,
                    featureLayer: position == 0 ? featureLayer : nil)
                pass.load(teacher.weights)
                return pass
            }
        }
        featureCount = passes.first?.first?.features?.count ?? 0
        if case .answers(let answers) = guidance {
            self.copies = 1
            logits = FloatBuffer(answers.logits)
            known = FloatBuffer(count: windows)
            known.fill(1)
        } else {
            self.copies = copies
            logits = FloatBuffer(count: teachers.isEmpty ? 0 : copies * windows * outputs)
            known = FloatBuffer(count: teachers.isEmpty ? 0 : copies * windows)
        }
        features = FloatBuffer(count: copies * windows * featureCount)
    }

    /// Number of a change that an epoch uses.
    func copy(of epoch: Int) -> Int { teachers.isEmpty ? epoch : epoch % copies }

    /// (outputs); nothing where no teacher was asked.
    func logits(copy: Int, window: Int) -> UnsafePointer<Float>? {
        guard logits.count > 0 else { return nil }
        let row = UnsafePointer(logits.pointer + ((teachers.isEmpty ? 0 : copy) * windows + window) * outputs)
        return row[0].isNaN ? nil : row
    }

    /// (features) of the first teacher.
    func features(copy: Int, window: Int) -> UnsafePointer<Float> {
        UnsafePointer(features.pointer + (copy * windows + window) * featureCount)
    }

    /// A shard's turn over some windows.
    struct Turn {
        fileprivate var shard: Int
        fileprivate var asked: [Int] = []
    }

    func begin(shard: Int) -> Turn { Turn(shard: shard) }

    /// Notes a window, with its raw values as changed, if the teachers have not seen it yet.
    func note(_ window: Int, copy: Int, raw: UnsafePointer<Float>, samples: Int, _ turn: inout Turn) {
        guard !teachers.isEmpty, known.pointer[copy * windows + window] == 0 else { return }
        for (pass, normaliser) in zip(passes[turn.shard], normalisers) {
            normaliser.apply(raw, samples: samples, into: pass.input.window(turn.asked.count))
        }
        turn.asked.append(window)
    }

    /// Asks the teachers about the windows noted.
    func end(_ turn: Turn, copy: Int) {
        guard !turn.asked.isEmpty else { return }
        let share = 1 / Float(teachers.count)
        for pass in passes[turn.shard] {
            pass.forward(count: turn.asked.count, training: false)
            for (slot, window) in turn.asked.enumerated() {
                let at = copy * windows + window
                let to = logits.pointer + at * outputs
                let from = pass.logits.window(slot)
                for output in 0..<outputs { to[output] += share * from[output] }
                if let hidden = pass.features {
                    (features.pointer + at * featureCount).update(from: hidden.values.window(slot), count: featureCount)
                }
                known.pointer[at] = 1
            }
        }
    }
}
