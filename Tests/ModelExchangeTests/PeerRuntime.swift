import Foundation
import ModelArtifact

/// Other people's runtimes on our files.
enum PeerRuntime {
    /// Outputs of a model for windows, each (samples × channels) in raw units.
    ///
    /// - Parameter mode: see `Fixtures/run_model.py`.
    static func outputs(
        _ model: [UInt8], _ ending: String, _ windows: [[Float]], _ spec: NetworkSpec, mode: String = ""
    ) throws -> [[Float]] {
        let bench = try Workbench()
        try bench.write(model, to: "model.\(ending)")
        try bench.write(windows.flatMap(\.self).withUnsafeBytes { Array($0) }, to: "windows.f32")
        let text = try bench.run(
            "'\(Workbench.python)' '\(Workbench.fixture("run_model.py"))' model.\(ending) windows.f32 \(spec.samples) "
                + "\(spec.channels) \(mode)")
        // Runtimes chat on standard output too.
        return text.split(separator: "\n").filter { $0.hasPrefix("OUTPUT ") }
            .map { $0.split(separator: " ").dropFirst().compactMap { Float($0) } }
    }

    /// The index of the highest, the lowest of equals.
    static func best<Value: Comparable>(_ values: [Value]) -> Int {
        values.indices.dropFirst().reduce(0) { values[$1] > values[$0] ? $1 : $0 }
    }
}
