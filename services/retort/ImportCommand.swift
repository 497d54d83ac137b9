import ArgumentParser
import Distillation
import JSON
import ModelArtifact
import ModelExchange
import NeuralNetwork

/// Reads a teacher that another tool trained.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Read a teacher that another tool wrote as ONNX.",
        discussion: """
            Writes a teacher.safetensors for `retort distill --teacher-file`. Layers along samples are read (convolutions, \
            batch norm, activations, pools, dense layers, simple residual blocks); the first operator or attribute that \
            Retort lacks is named. What scales and shifts the input in front of them becomes the normalisation; where a \
            model takes windows that were normalised before, give --mean and --deviation.

              retort import model.onnx -o teacher.safetensors
              retort distill recordings/ --label label --teacher-file teacher.safetensors -o out
            """)

    @Argument(help: "An ONNX file.") var file: String
    @Option(name: [.short, .long], help: "File to write.") var output = "teacher.safetensors"
    @Option(help: "The task as JSON, for names of channels and classes (default: numbers).") var task: String?
    @Option(help: "Means of the channels, separated by commas, that the model expects to be taken off.")
    var mean: String?
    @Option(help: "Deviations of the channels that the model expects to be divided by.") var deviation: String?

    func run() throws {
        let read = try ModelFile.decoded(file) { try ONNXImport($0) }
        let spec = read.weights.spec
        var document = read.task ?? Self.numbered(spec)
        if let task {
            document = try ModelFile.decoded(task) { try TaskDocument(json: JSONValue(parsing: $0)) }
        }
        guard document.window == spec.samples, document.channels.count == spec.channels,
            document.outputs == spec.outputs
        else {
            throw ValidationError(
                "the network takes \(spec.samples) × \(spec.channels) values and has \(spec.outputs) outputs; the task has "
                    + "\(document.window) × \(document.channels.count) and \(document.outputs)")
        }
        let teacher = TrainedTeacher(weights: read.weights, normalisation: try normalisation(read.normalisation))
        let bytes = teacher.encode(task: document, report: "{}")
        try ModelFile.write(bytes, to: output)
        for note in read.notes { print("note: \(note)") }
        print(
            "\(output): \(spec.parameterCount) parameters, \(spec.samples) samples × \(spec.channels) channels, "
                + "\(spec.outputs) outputs, \(bytes.count) bytes")
    }

    /// The file's own normalisation behind what the options say.
    private func normalisation(_ inner: Student.Normalisation) throws -> Student.Normalisation {
        let means = try Self.numbers(mean, "--mean", inner.mean.count) ?? inner.mean.map { _ in 0 }
        let deviations = try Self.numbers(deviation, "--deviation", inner.mean.count) ?? inner.mean.map { _ in 1 }
        guard deviations.allSatisfy({ $0 > 0 }) else { throw ValidationError("--deviation: all must be above 0") }
        return Student.Normalisation(
            mean: inner.mean.indices.map { means[$0] + deviations[$0] * inner.mean[$0] },
            standardDeviation: inner.mean.indices.map { deviations[$0] * inner.standardDeviation[$0] })
    }

    private static func numbers(_ text: String?, _ option: String, _ count: Int) throws -> [Float]? {
        guard let text else { return nil }
        let numbers = text.split(separator: ",").compactMap { Float($0) }.filter(\.isFinite)
        guard numbers.count == count else { throw ValidationError("\(option): \(count) numbers are needed") }
        return numbers
    }

    /// A task whose channels and classes are known by their numbers alone.
    private static func numbered(_ spec: NetworkSpec) -> TaskDocument {
        let channels = (0..<spec.channels).map { TaskDocument.Channel(name: "channel-\($0)", unit: "") }
        if spec.outputs == 1 {
            return TaskDocument(
                name: "imported", kind: .regression, channels: channels, rate: 1, window: spec.samples,
                step: spec.samples, target: .init(name: "value", unit: ""))
        }
        return TaskDocument(
            name: "imported", channels: channels, rate: 1, window: spec.samples, step: spec.samples,
            classes: (0..<spec.outputs).map { .init(name: ModelFile.numberedClass($0)) })
    }
}
