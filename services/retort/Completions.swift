import ArgumentParser
import BusAPI
import FleetConsole
import ModelArtifact
import Telemetry

/// What a shell offers for words that only the running cluster knows. Silent where there is no broker: nobody waits for a
/// completion longer than a second.
enum Completions {
    /// Devices as `site/device`.
    static let devices = CompletionKind.custom { words, _, _ in
        await names(words) { client in
            let topics = client.topics
            let filters = ["device", "fleet/device"].map { BusFilter("\(topics.root)/\($0)/+/+") }
            let devices = try await client.retained(filters).compactMap { message -> DeviceID? in
                switch topics.parse(message.topic) {
                case .device(let id), .fleetDevice(let id): id
                default: nil
                }
            }
            return Set(devices).sorted().map(\.description)
        }
    }

    /// Names of tasks and their models.
    static let models = CompletionKind.custom { words, _, _ in
        await names(words) { try await TaskProposal.tasks($0).map(\.name).sorted() }
    }

    /// Jobs that the aggregator remembers.
    static let jobs = CompletionKind.custom { words, _, _ in
        await names(words) { client in
            try await client.fleet(now: ClusterOptions.now()).summary?.jobs.keys.sorted() ?? []
        }
    }

    private static func names(
        _ words: [String], _ ask: (FleetClient) async throws -> [String]
    ) async -> [String] {
        var arguments = ["--wait", "1"]
        for option in ["--broker", "--root", "--authorities", "--certificate", "--key", "--mqtt"] {
            if let value = value(of: option, in: words) { arguments += [option, value] }
        }
        // A shell has no place for what went wrong; `retort doctor` does.
        return (try? await ClusterOptions.parse(arguments).withClient(ask)) ?? []
    }

    /// What the line that is being typed says of an option.
    private static func value(of option: String, in words: [String]) -> String? {
        for (index, word) in words.enumerated() {
            if word.hasPrefix(option + "=") { return String(word.dropFirst(option.count + 1)) }
            if word == option, index + 1 < words.count { return words[index + 1] }
        }
        return nil
    }
}
