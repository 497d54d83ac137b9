import Foundation
import ModelArtifact

/// Other people's runtimes on our files.
enum PeerRuntime {
    /// A model and what it is to be given.
    struct Run {
        var model: [UInt8]
        /// Each (samples × channels), in raw units.
        var windows: [[Float]]
        var samples: Int
        var channels: Int
        /// `optimised` or `plain` for ONNX Runtime, `xnnpack` or `builtin` for LiteRT.
        var mode: String

        init(_ model: [UInt8], _ windows: [[Float]], _ spec: NetworkSpec, mode: String) {
            (self.model, self.windows, self.mode) = (model, windows, mode)
            (samples, channels) = (spec.samples, spec.channels)
        }
    }

    /// Outputs of models, all in one process: importing a runtime takes longer than running it.
    static func outputs(_ runs: [Run]) async throws -> [[[Float]]] {
        let bench = try Workbench()
        var lines = ""
        for (index, run) in runs.enumerated() {
            let name = "\(index).\(["xnnpack", "builtin"].contains(run.mode) ? "tflite" : "onnx")"
            try bench.write(run.model, to: name)
            try bench.write(run.windows.flatMap(\.self).withUnsafeBytes { Array($0) }, to: "\(index).f32")
            lines += "\(name) \(index).f32 \(run.samples) \(run.channels) \(run.mode)\n"
        }
        try bench.write(lines, to: "runs")
        let text = try await bench.run("'\(Workbench.python)' '\(Workbench.fixture("run_model.py"))' < runs")
        var outputs: [[[Float]]] = []
        // Runtimes chat on standard output too.
        for line in text.split(separator: "\n") {
            if line == "MODEL" { outputs.append([]) }
            guard line.hasPrefix("OUTPUT "), let last = outputs.indices.last else { continue }
            outputs[last].append(line.split(separator: " ").dropFirst().compactMap { Float($0) })
        }
        guard outputs.count == runs.count else { throw ToolFailure(text) }
        return outputs
    }

    static func outputs(_ run: Run) async throws -> [[Float]] { try await outputs([run])[0] }

    /// The index of the highest, the lowest of equals.
    static func best<Value: Comparable>(_ values: [Value]) -> Int {
        values.indices.dropFirst().reduce(0) { values[$1] > values[$0] ? $1 : $0 }
    }
}
