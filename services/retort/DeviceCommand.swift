import ArgumentParser
import FleetConsole
import Foundation
import JSON
import UnixSignals

/// Shows one device.
struct DeviceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device",
        abstract: "Show one device: edge, models and versions, last decision, accuracy, battery, energy, update.",
        discussion: """
            The device is named as SITE/DEVICE, or as DEVICE where only one site has it. With --follow it goes on until \
            Ctrl-C: a picture on a terminal, elsewhere a line for each decision.

              retort device home/wrist-7
              retort device wrist-7 --follow
              retort device home/wrist-7 --json | jq .models.activity.accuracy

            --json: {"t", "site", "device", "state", "name", "source", "battery", "supplyVolts", "clockSkew", "edge": \
            {"edge", "state", "devices", "figures"}, "models": {NAME: as on fleet/device, and "ofVersion": {"latencyUs", "joulesPerInference", \
            "joulesPerCorrect"} over all devices, "update" as on installed/}}. With --follow an object a \
            line for each decision, as on inference/, with "site", "device" and "model".
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(
        help: ArgumentHelp("The device: SITE/DEVICE, or DEVICE.", valueName: "device"), completion: Completions.devices)
    var name: String
    @Flag(name: [.short, .long], help: "Go on until Ctrl-C.") var follow = false
    @Flag(help: "Write JSON.") var json = false

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        try await cluster.withClient { client in
            let watch = DeviceWatch(client: client, now: ClusterOptions.now) { line in
                FileHandle.standardOutput.write(Data((line + "\n").utf8))
            }
            let report = try await watch.report(on: name)
            guard follow else {
                print(json ? report.json.prettyText : report.text(Terminal()), terminator: json ? "" : "\n")
                return
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                let asJSON = json
                group.addTask { try await watch.follow(report.id, asJSON: asJSON) }
                group.addTask { for await _ in signals { return } }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }
}
