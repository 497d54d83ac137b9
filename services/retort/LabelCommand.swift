import ArgumentParser
import BusAPI
import FleetConsole
import Telemetry

/// Says what a device was doing.
struct LabelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label",
        abstract: "Say what a device was doing in an interval, correct that, or take it back.",
        discussion: """
            A label scores the windows that it covers wholly, and windows of it enter training. With --truth it is used for \
            scoring alone. The same --id again corrects; --withdraw ID takes back. Times are of the device.

              retort label home/wrist-7 walking --last 60
              retort label home/wrist-7 sitting --from 2026-05-04T10:00:00Z --to 2026-05-04T10:05:00Z
              retort label home/room-1 612.4 --value --last 30
              retort label home/wrist-7 --withdraw wrist-7-1760000071400
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: ArgumentHelp("The device.", valueName: "site/device")) var device: String
    @Argument(help: "The class, or with --value the number.") var label: String?
    @Option(help: ArgumentHelp("Start: Unix seconds or ISO 8601.", valueName: "time")) var from: String?
    @Option(help: ArgumentHelp("End: Unix seconds or ISO 8601.", valueName: "time")) var to: String?
    @Option(help: ArgumentHelp("The time up to now instead.", valueName: "seconds")) var last: Double?
    @Option(help: "Name of the label, to correct or withdraw it later; made from device and time if absent.")
    var id: String?
    @Option(help: ArgumentHelp("Take back the label with this id.", valueName: "id")) var withdraw: String?
    @Flag(help: "The label is a number, of a task that predicts a value.") var value = false
    @Flag(help: "Use it for scoring alone, never for training.") var truth = false
    @Flag(help: "Also say a class that no task of the device knows.") var force = false

    func run() async throws {
        let draft: LabelDraft
        do {
            draft = try LabelDraft(
                device: device, label: label, isValue: value, withdraw: withdraw, id: id, from: from, to: to,
                last: last, now: ClusterOptions.now())
        } catch {
            throw ValidationError(error.message)
        }
        try await cluster.withClient { client in
            if !force, let complaint = draft.complaint(try await TaskProposal.tasks(client)) {
                throw FleetConsoleError(.invalidOption, complaint)
            }
            // Also where the tasks were not asked for: the connection is there once this returns.
            try await client.subscribe(to: [BusFilter(client.topics.filter("fleet", "summary"))]).cancel()
            try await client.bus.publish(
                BusMessage(
                    topic: client.topics.string(truth ? .truth(draft.device) : .label(draft.device)),
                    payload: draft.message.payload, contentType: "application/json"))
        }
        print(withdraw == nil ? "label \(draft.message.id)" : "withdrawn \(draft.message.id)")
    }
}
