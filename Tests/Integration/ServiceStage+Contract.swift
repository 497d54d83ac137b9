import BusAPI
import Foundation
import Telemetry

extension ServiceStage {
    /// Holds everything that was said against `docs/asyncapi.yaml`.
    ///
    /// - Parameter bad: a payload that a test sent to be refused.
    func validateTraffic(except bad: [UInt8]) async throws {
        let hex = Array("0123456789abcdef")
        let lines = messages.filter { $0.payload != bad }.map { message in
            message.topic + " " + String(message.payload.flatMap { [hex[Int($0 >> 4)], hex[Int($0 & 15)]] })
        }
        let capture = folder + "/traffic.txt"
        try (lines.joined(separator: "\n") + "\n").write(toFile: capture, atomically: true, encoding: .utf8)
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let contract = tests.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/asyncapi.yaml")
        // `./dev test` makes a Python with jsonschema and PyYAML.
        let python = ProcessInfo.processInfo.environment["RETORT_TEST_PYTHON"] ?? "python3"
        try await Tool.run(
            python,
            [
                tests.appendingPathComponent("Fixtures/validate_traffic.py").path, contract.path, capture, "--root",
                Self.topics.root,
            ], package: "python3")
    }
}
