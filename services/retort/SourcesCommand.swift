import ArgumentParser
import FleetConsole
import Foundation
import Telemetry

/// Sources files: what publishers send.
struct SourcesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sources", abstract: "Sources files, which say what publishers' messages mean.",
        subcommands: [Check.self, Learn.self])

    /// Tries a sources file on messages.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell what a sources file makes of messages, and what it cannot use.",
            discussion: """
                Messages are lines of topic and payload, as mosquitto_sub prints them, from a file or standard input. The \
                exit status is 0 where all of every message was used, 1 where not.

                  mosquitto_sub -v -t 'zigbee2mqtt/#' -W 30 | retort sources check zigbee2mqtt.json
                  retort sources check my-sources.json --messages recorded.txt
                """)

        @Argument(help: "Sources file (JSON).") var file: String
        @Option(help: "File of messages (default: standard input).") var messages: String?
        @Option(help: "Site of sources that name none.") var site = "home"

        func run() throws {
            var check: SourcesCheck
            do { check = try SourcesCheck(file: try ModelFile.read(file), site: site) } catch let error as SourceError {
                throw CommandFailure(.badData, "\(file): \(error.message)")
            }
            if let messages {
                let text = String(decoding: try ModelFile.read(messages), as: UTF8.self)
                for line in text.split(whereSeparator: \.isNewline) { append(String(line), to: &check) }
            } else {
                while let line = readLine() { append(line, to: &check) }
            }
            print("\(check.messages) messages")
            let table = check.table
            if !table.isEmpty { print(table.text) }
            for problem in check.problems { print(problem) }
            if !check.isClean { throw CommandFailure(.failed) }
        }

        private func append(_ line: String, to check: inout SourcesCheck) {
            check.append(line: line, arrival: Date().timeIntervalSince1970)
        }
    }
}
