#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import Inference
import ModelArtifact

/// Runs one student and nothing else: `inference-runner STUDENT.safetensors < WINDOWS > CLASSES`.
///
/// Windows are float32 in the machine's byte order, (samples × channels) each, in the task's units. For each it prints the
/// class and its calibrated confidence. It runs until its input closes.
@main
struct InferenceRunner {
    static func main() {
        do {
            guard CommandLine.arguments.count >= 2 else {
                fail("inference-runner STUDENT.safetensors < WINDOWS")
            }
            let engine = try InferenceEngine(Student(decoding: read(CommandLine.arguments[1])))
            try engine.verifyGolden()
            try run(engine)
        } catch {
            fail("inference-runner: \(error)")
        }
    }

    private static func run(_ engine: InferenceEngine) throws {
        let names = engine.student.task.classes.map(\.name)
        var window = [Float](repeating: 0, count: engine.inputCount)
        guard let input = fdopen(STDIN_FILENO, "rb") else { fail("inference-runner: there is no standard input") }
        while fread(&window, MemoryLayout<Float>.size, window.count, input) == window.count {
            let probabilities = engine.probabilities(try engine.logits(window))
            let decision = engine.decision(probabilities)
            let name = names.isEmpty ? decision.classIndex.description : names[decision.classIndex]
            // Not `print`: it looks for conformances all over the standard library.
            let line = name + " " + decision.confidence.description + "\n"
            guard write(STDOUT_FILENO, line, line.utf8.count) == line.utf8.count else { return }
        }
    }

    private static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "rb") else { fail("inference-runner: cannot read \(path)") }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let size = ftell(file)
        rewind(file)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = fread(buffer.baseAddress, 1, size, file)
        }
    }

    private static func fail(_ message: String) -> Never {
        let line = message + "\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
        exit(1)
    }
}
