#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import Inference
import ModelArtifact

/// Times the runtime on one thread: the counterpart of `peers/inference.py`.
///
/// `inference-benchmark export FOLDER` writes the networks, `time FOLDER` and `tail FOLDER` print one line of JSON a case.
@main
struct InferenceBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            fail("inference-benchmark export|time|tail FOLDER")
        }
        switch arguments[1] {
        case "export": try export(to: arguments[2])
        case "time": try time(arguments[2])
        case "tail": try tail(arguments[2], windows: arguments.count > 3 ? Int(arguments[3]) ?? 0 : 1_000_000)
        default: fail("inference-benchmark: no command \(arguments[1])")
        }
    }

    private static func export(to folder: String) throws {
        for network in BenchmarkNetwork.allCases {
            let windows = BenchmarkNetwork.windows(4, network.spec)
            let floats = try FloatEngine(network.floats).network(withGolden: windows)
            let halves = try FloatEngine(network.floats.stored(as: .float16)).network(withGolden: windows)
            let int8 = try InferenceEngine(network.int8).student(withGolden: windows)
            write(floats.encode(), "\(folder)/\(network.rawValue).f32.safetensors")
            write(halves.encode(), "\(folder)/\(network.rawValue).f16.safetensors")
            write(int8.encode(), "\(folder)/\(network.rawValue).int8.safetensors")
        }
    }

    private static func time(_ folder: String) throws {
        for network in BenchmarkNetwork.allCases {
            let name = network.rawValue
            let int8 = try Student(decoding: read("\(folder)/\(name).int8.safetensors"))
            let floats = try FloatNetwork(decoding: read("\(folder)/\(name).f32.safetensors"))
            let halves = try FloatNetwork(decoding: read("\(folder)/\(name).f16.safetensors"))
            let timer = Timer(spec: int8.spec)
            try timer.report("\(name) int8", InferenceEngine(int8))
            try timer.report("\(name) f32", FloatEngine(floats))
            try timer.report("\(name) f16 weights", FloatEngine(halves))
            for count in [8, 64] {
                try timer.report("\(name) int8, batch \(count)", InferenceEngine(int8, windows: count), windows: count)
                try timer.report("\(name) f32, batch \(count)", FloatEngine(floats, windows: count), windows: count)
            }
            for advance in [8, 16, 40] {
                try timer.report(
                    "\(name) int8, step \(advance)", InferenceEngine(int8, advance: advance), step: advance)
                try timer.report("\(name) f32, step \(advance)", FloatEngine(floats, advance: advance), step: advance)
                try timer.report("\(name) int8, step \(advance), all anew", InferenceEngine(int8), step: advance)
                try timer.report("\(name) f32, step \(advance), all anew", FloatEngine(floats), step: advance)
            }
        }
    }

    private static func tail(_ folder: String, windows: Int) throws {
        let int8 = try Student(decoding: read("\(folder)/student.int8.safetensors"))
        try Timer(spec: int8.spec).reportTail("student int8", InferenceEngine(int8), windows: windows)
    }

    private static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "rb") else { fail("inference-benchmark: cannot read \(path)") }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let size = ftell(file)
        rewind(file)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = fread(buffer.baseAddress, 1, size, file)
        }
    }

    private static func write(_ bytes: [UInt8], _ path: String) {
        guard let file = fopen(path, "wb"), fwrite(bytes, 1, bytes.count, file) == bytes.count, fclose(file) == 0 else {
            fail("inference-benchmark: cannot write \(path)")
        }
    }

    private static func fail(_ message: String) -> Never {
        let line = message + "\n"
        _ = Glibc.write(STDERR_FILENO, line, line.utf8.count)
        exit(1)
    }
}
