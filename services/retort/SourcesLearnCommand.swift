import ArgumentParser
import BusAPI
import FleetConsole
import Foundation
import JSON
import ModelArtifact
import Telemetry

extension SourcesCommand {
    /// Proposes a sources file from what publishers say.
    struct Learn: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Listen to publishers, show what they say, and propose a sources file and a task.",
            discussion: """
                Every wildcard of the filter becomes a name: of JSON the device, of bare values the device and, last, the \
                channel. Names, units and timing are guesses from what came; look at them, above all at longestSilence: \
                what was seen in a minute is no promise. A recording is lines as mosquitto_sub prints them; with the time \
                in front (-F '%U\\t%t\\t%p') the timing is learnt too.

                  retort sources learn --topic 'zigbee2mqtt/+' --for 600 --output sources.json --task task.json
                  retort sources learn --topic '+/sensor/+/state' --messages recorded.txt --name esphome
                """)

        @OptionGroup var cluster: ClusterOptions
        @Option(help: "MQTT filter to listen to.") var topic: String
        @Option(name: .customLong("for"), help: ArgumentHelp("How long to listen.", valueName: "seconds"))
        var duration: Double = 60
        @Option(help: "File of recorded messages, instead of listening.") var messages: String?
        @Option(help: "Name of the source and the task (default: the filter's first level).") var name: String?
        @Option(help: "Site that the task is for.") var site = "home"
        @Option(help: "Write the sources file here (default: print it).") var output: String?
        @Option(help: "Write the task here (default: print it).") var task: String?

        func validate() throws {
            guard BusFilter(topic).isValid else { throw ValidationError("--topic: \"\(topic)\" is no MQTT filter") }
            guard duration > 0, duration <= 7 * 86_400 else {
                throw ValidationError("--for must be above 0 and at most a week in seconds")
            }
            for (option, value) in [("--name", title), ("--site", site)] where !Slug.isValid(value) {
                throw ValidationError("\(option): \"\(value)\" must match [a-z0-9._-]+")
            }
        }

        private var title: String {
            name ?? topic.split(separator: "/").first { !$0.contains("+") && !$0.contains("#") }.map {
                Slug.make(String($0))
            }
                ?? "sensors"
        }

        func run() async throws {
            let learn = messages == nil ? try await listen() : try read()
            let proposal: SourcesLearn.Proposal
            do { proposal = try learn.proposal(name: title, site: site) } catch {
                throw ValidationError("\(error)")
            }
            print("\(learn.messages) messages on \(topic)")
            print(proposal.channels.text)
            for line in proposal.leftOut { print("not used: \(line)") }
            try put(proposal.sources, output, "sources file")
            try put(proposal.task.json, task, "task, a draft: name its classes, choose its window")
        }

        private func put(_ document: JSONValue, _ path: String?, _ what: String) throws {
            guard let path else {
                print("\n\(what):\n\(document.prettyText)", terminator: "")
                return
            }
            try ModelFile.write(Array(document.prettyText.utf8), to: path)
            print("\(what): \(path)")
        }

        private func read() throws -> SourcesLearn {
            var learn = SourcesLearn(filter: topic)
            let text = String(decoding: try ModelFile.read(messages ?? ""), as: UTF8.self)
            for line in text.split(whereSeparator: \.isNewline) { learn.append(line: String(line)) }
            return learn
        }

        private func listen() async throws -> SourcesLearn {
            try await cluster.withClient { client in
                let subscription = try await client.subscribe(to: [BusFilter(topic, qos: .atMostOnce)])
                // Cancelled when the time is over, which ends the loop below.
                let end = Task {
                    try await Task.sleep(for: .seconds(duration))
                    subscription.cancel()
                }
                defer { end.cancel() }
                var learn = SourcesLearn(filter: topic)
                while let batch = await subscription.next() {
                    for message in batch {
                        learn.append(
                            topic: message.topic, payload: message.payload,
                            arrival: message.retained ? nil : ClusterOptions.now())
                    }
                }
                return learn
            }
        }
    }
}
