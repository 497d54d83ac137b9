import JSON
import ModelArtifact
import NeuralNetwork

/// A training after one of its epochs, as a safetensors file holds it.
struct Checkpoint {
    var curve: [EpochRecord]
    var trainer: ShardedTrainer.State
    /// Of the hint's projection; empty where there is none.
    var hint: [[Float]]
    /// The best epoch so far by the validation windows, where a training may stop early.
    var best: Best?

    struct Best {
        var score: Double
        /// 0 for the first.
        var epoch: Int
        var values: [Float]
        var statistics: [Float]
    }

    private static let format = "1"

    func encode(fingerprint: String) -> [UInt8] {
        var facts: JSONObject = [
            "curve": .array(
                curve.map { record in
                    var entry: JSONObject = ["loss": JSONValue(exactly: record.loss)]
                    entry["validation"] = record.validation.map { JSONValue(exactly: $0) }
                    return .object(entry)
                }),
            "steps": .integer(Int64(trainer.steps)),
        ]
        var tensors = Self.tensors("optimiser", trainer.optimiser) + Self.tensors("hint", hint)
        tensors += Self.tensors("trainer", [trainer.values, trainer.statistics])
        if let best {
            facts["best"] = .object([
                "score": JSONValue(exactly: best.score), "epoch": .integer(Int64(best.epoch)),
            ])
            tensors += Self.tensors("best", [best.values, best.statistics])
        }
        return Safetensors(
            metadata: [
                "retort.checkpoint": Self.format, "fingerprint": fingerprint, "facts": JSONValue.object(facts).text,
            ], tensors: tensors
        ).encode()
    }

    /// Reads a checkpoint of a training.
    ///
    /// - Returns: `nil` for one of another training or another format.
    /// - Throws: `ArtifactError` or `JSONError` for a damaged one.
    init?(decoding bytes: [UInt8], fingerprint: String, phase: DistillationProgress.Phase) throws {
        let file = try Safetensors(decoding: bytes)
        guard try file.string("retort.checkpoint") == Self.format, try file.string("fingerprint") == fingerprint else {
            return nil
        }
        let facts = try JSONObjectReader(JSONValue(parsing: file.string("facts")))
        curve = try facts.elements("curve").enumerated().map { index, element in
            let entry = try JSONObjectReader(element, path: "curve[\(index)]")
            return EpochRecord(
                phase: phase, epoch: index + 1, loss: try entry.number("loss"),
                validation: try entry.optionalNumber("validation"))
        }
        let state = try Self.arrays("trainer", file)
        guard state.count == 2 else { throw ArtifactError(.missing, "the trainer's state is missing") }
        trainer = ShardedTrainer.State(
            values: state[0], statistics: state[1], steps: try facts.integer("steps"),
            optimiser: try Self.arrays("optimiser", file))
        hint = try Self.arrays("hint", file)
        if let found = try facts.optionalObject("best") {
            let weights = try Self.arrays("best", file)
            guard weights.count == 2 else { throw ArtifactError(.missing, "the best epoch's weights are missing") }
            best = Best(
                score: try found.number("score"), epoch: try found.integer("epoch"), values: weights[0],
                statistics: weights[1])
        }
    }

    init(curve: [EpochRecord], trainer: ShardedTrainer.State, hint: [[Float]], best: Best?) {
        self.curve = curve
        self.trainer = trainer
        self.hint = hint
        self.best = best
    }

    private static func tensors(_ name: String, _ arrays: [[Float]]) -> [SafetensorsTensor] {
        arrays.enumerated().map { SafetensorsTensor(name: "\(name).\($0)", shape: [$1.count], $1) }
    }

    private static func arrays(_ name: String, _ file: Safetensors) throws -> [[Float]] {
        var result: [[Float]] = []
        while let tensor = file.tensors.first(where: { $0.name == "\(name).\(result.count)" }) {
            result.append(try tensor.floats())
        }
        return result
    }
}

/// Keeps one training's checkpoints under a name.
struct Checkpointing {
    let checkpoints: Checkpoints
    let phase: DistillationProgress.Phase
    let fingerprint: String
    /// That the checkpoint is kept under.
    private let name: String

    /// - Parameters:
    ///   - part: number of the training among those of its phase, from 1.
    ///   - spec: the network that is trained.
    ///   - facts: what else the outcome depends on: teachers, a base, a grid.
    init?(
        _ checkpoints: Checkpoints?, phase: DistillationProgress.Phase, part: Int = 1, spec: NetworkSpec,
        task: TaskDocument,
        options: DistillationOptions, windows: LabelledWindows, facts: [[Float]]
    ) {
        guard let checkpoints else { return nil }
        self.checkpoints = checkpoints
        self.phase = phase
        name = part == 1 ? phase.rawValue : "\(phase.rawValue)-\(part)"
        var bytes = Array("\(options)\(spec.json.text)\(task.json.text)\(windows.groups)".utf8)
        for values in [windows.values, windows.targets] + facts {
            values.withUnsafeBytes { bytes += ContentDigest(of: Array($0)).bytes }
        }
        fingerprint = ContentDigest(of: bytes).hex
    }

    /// The training's last checkpoint; nothing where there is none, or none that can be used.
    func load() -> Checkpoint? {
        guard let bytes = checkpoints.load(name) else { return nil }
        do {
            if let checkpoint = try Checkpoint(decoding: bytes, fingerprint: fingerprint, phase: phase) {
                return checkpoint
            }
            checkpoints.passedOver(name, "it is one of another training, or of another format")
        } catch {
            checkpoints.passedOver(name, "\(error)")
        }
        // The training starts anew.
        return nil
    }

    func save(_ checkpoint: Checkpoint) {
        checkpoints.save(name, checkpoint.encode(fingerprint: fingerprint))
    }
}
