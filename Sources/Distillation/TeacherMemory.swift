import ModelArtifact
import NeuralNetwork
import TensorKernels

/// What the teacher thinks of each window in each of a number of random changes.
///
/// A change is remade from its number and the teacher is asked once: later epochs over the same change cost the student's
/// share alone.
///
/// `@unchecked Sendable`: a batch names a window once, so no two shards touch the same element of `logits` or `known`, and
/// each uses its own pass.
final class TeacherMemory: @unchecked Sendable {
    let copies: Int
    let classes: Int
    private let windows: Int
    private let normaliser: Normaliser
    private let passes: [NetworkPass]
    private let logits: FloatBuffer
    /// 1 where `logits` holds an answer.
    private let known: FloatBuffer

    init(_ teacher: TrainedTeacher, windows: Int, copies: Int, batch: Int, shards: Int) {
        self.copies = copies
        self.windows = windows
        classes = teacher.spec.outputs
        normaliser = Normaliser(teacher.normalisation)
        let capacity = (batch + shards - 1) / shards
        passes = (0..<shards).map { _ in
            let pass = NetworkPass(spec: teacher.spec, capacity: capacity, training: false)
            pass.load(teacher.weights)
            return pass
        }
        logits = FloatBuffer(count: copies * windows * classes)
        known = FloatBuffer(count: copies * windows)
    }

    /// Number of a change that an epoch uses.
    func copy(of epoch: Int) -> Int { epoch % copies }

    /// (classes).
    func logits(copy: Int, window: Int) -> UnsafePointer<Float> {
        UnsafePointer(logits.pointer + (copy * windows + window) * classes)
    }

    /// A shard's turn over some windows.
    struct Turn {
        fileprivate var pass: NetworkPass
        fileprivate var asked: [Int] = []
    }

    func begin(shard: Int) -> Turn { Turn(pass: passes[shard]) }

    /// Notes a window, with its raw values as changed, if the teacher has not seen it yet.
    func note(_ window: Int, copy: Int, raw: UnsafePointer<Float>, samples: Int, _ turn: inout Turn) {
        guard known.pointer[copy * windows + window] == 0 else { return }
        normaliser.apply(raw, samples: samples, into: turn.pass.input.window(turn.asked.count))
        turn.asked.append(window)
    }

    /// Asks the teacher about the windows noted.
    func end(_ turn: Turn, copy: Int) {
        guard !turn.asked.isEmpty else { return }
        turn.pass.forward(count: turn.asked.count, training: false)
        for (slot, window) in turn.asked.enumerated() {
            let at = copy * windows + window
            (logits.pointer + at * classes).update(from: turn.pass.logits.window(slot), count: classes)
            known.pointer[at] = 1
        }
    }
}
