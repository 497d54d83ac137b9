import Foundation
import Subprocess
import SystemPackage

/// The command line under test, run to its end.
enum RetortCommand {
    struct Result {
        /// Exit status; nothing where a signal ended it.
        var status: Int32?
        var output: String
        var errors: String
    }

    static var program: String { ServiceProcess.programs.appendingPathComponent("retort").path }

    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Result {
        // What the machine's own environment says of a broker or of colours is not under test.
        var updates: [Environment.Key: String?] = [:]
        for name in [
            "RETORT_BUS_URL", "RETORT_BUS_USERNAME", "RETORT_BUS_PASSWORD", "RETORT_SERVICE_STATE", "NO_COLOR",
        ] {
            updates[Environment.Key(stringLiteral: name)] = .some(nil)
        }
        for (name, value) in environment { updates[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments), environment: .inherit.updating(updates),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        let status: Int32? = if case .exited(let code) = result.terminationStatus { Int32(code) } else { nil }
        return Result(status: status, output: result.standardOutput, errors: result.standardError)
    }
}

extension MosquittoBroker {
    /// Its address for `--broker`.
    var url: String { "mqtt://127.0.0.1:\(port)" }
}
