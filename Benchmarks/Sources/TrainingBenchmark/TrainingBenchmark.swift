import Distillation
import Glibc
import ModelArtifact
import NeuralNetwork

/// Times one whole training in a process of its own: the counterpart of `peers/training.py`.
///
/// `training-benchmark windows FOLDER FILE` cuts the windows that both train on;
/// `training-benchmark teacher|distilled|labels FILE EPOCHS THREADS SHARE COPIES` trains and prints one line of JSON.
@main
struct TrainingBenchmark {
    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        if words.count == 3, words[0] == "windows" {
            try WindowFile.write(from: words[1], to: words[2])
            return
        }
        guard words.count == 6, let epochs = Int(words[2]), let threads = Int(words[3]), let share = Double(words[4]),
            let copies = Int(words[5])
        else {
            throw BenchmarkError("usage: training-benchmark teacher|distilled|labels FILE EPOCHS THREADS SHARE COPIES")
        }
        let (windows, classes) = try WindowFile.read(words[1], share: share)
        let task = task(windows, classes: classes)
        var options = DistillationOptions(
            threads: threads, temperature: 3, alpha: 0.8, copies: copies, validationShare: 0)
        options.teacherEpochs = epochs
        options.studentEpochs = epochs
        options.quantisedEpochs = 0
        options.studentSpec = student(windows, classes: classes)

        let clock = ContinuousClock()
        let used = ResourceUse.processorSeconds
        let began = clock.now
        let loss: Double
        switch words[0] {
        case "teacher":
            options.augmentation = .none
            loss = try Distiller(task: task, options: options).trainTeacher(windows).loss
        case "distilled", "labels":
            // Its answers cost the same whatever it has learnt.
            let teacher = TrainedTeacher(
                weights: NetworkWeights(spec: .teacher(for: task), seed: 1),
                normalisation: Normaliser(of: windows).normalisation)
            let guidance = words[0] == "labels" ? Guidance.none : .teachers([teacher])
            let result = try Distiller(task: task, options: options).distill(guidance, windows: windows)
            loss = result.report.curve.last { $0.phase == .student }?.loss ?? 0
        default:
            throw BenchmarkError("there is no case \(words[0])")
        }
        let seconds = (clock.now - began) / .seconds(1)
        let cpu = ResourceUse.processorSeconds - used
        let megabytes = try ResourceUse.peakMegabytes()
        print(
            "{\"seconds\": \(seconds), \"cpu\": \(cpu), \"megabytes\": \(megabytes), \"loss\": \(loss), "
                + "\"windows\": \(windows.count)}")
    }

    /// The activities of wisdm-watch: accelerometer and gyroscope turn together.
    private static func task(_ windows: LabelledWindows, classes: Int) -> TaskDocument {
        let names = ["ax", "ay", "az", "gx", "gy", "gz"]
        return TaskDocument(
            name: "activity", channels: names.map { .init(name: $0, unit: "") }, rate: 20, window: windows.samples,
            step: WindowFile.step, classes: (0..<classes).map { .init(name: "\($0)") },
            axes: [Array(names[0..<3]), Array(names[3..<6])],
            student: .init(profile: "x86-gateway", parameters: 12_000, bytes: 65_536))
    }

    /// Three convolutions of stride 2, 11.7 k parameters.
    private static func student(_ windows: LabelledWindows, classes: Int) -> NetworkSpec {
        let widths = [16, 32, 48]
        return NetworkSpec(
            samples: windows.samples, channels: windows.channels,
            layers: widths.flatMap { [.convolution(filters: $0, kernel: 5, stride: 2), .relu] }
                + [.globalAveragePool, .dense(units: classes)])
    }
}
