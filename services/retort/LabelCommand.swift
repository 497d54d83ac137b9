import ArgumentParser
import BusAPI
import FleetConsole
import Foundation
import ModelArtifact
import Telemetry

/// Says what a device was doing.
struct LabelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label",
        abstract: "Say what a device was doing: with keys while it sends, of an interval, or from a CSV file.",
        discussion: """
            A label scores the windows that it covers wholly, and windows of it enter training. With --truth it is used for \
            scoring alone. The same --id again corrects; --withdraw ID takes back, out of training too. Times are of the \
            device.

              retort label home/wrist-7 --live
              retort label home/wrist-7 walking --last 60
              retort label home/wrist-7 sitting --from 2026-05-04T10:00:00Z --to 2026-05-04T10:05:00Z
              retort label home/room-1 612.4 --value --last 30
              retort label plant/rig valve=73,pump=0 --last 60
              retort label home/wrist-7 --withdraw wrist-7-1760000071400
              retort label --csv labels.csv

            --live: each class of the device's task has a key, which starts it and ends the one before; the same key or \
            space ends it, u takes the last label back, q leaves. It tells how many windows each label covers and how many \
            of them are there to train on. Keys may also come from a pipe.

            --csv: the columns device (site/device), from, to, and label or value; id if you like. All of the file is \
            checked before any of it is said, and the same file again says nothing new.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: ArgumentHelp("The device.", valueName: "site/device"), completion: Completions.devices)
    var device: String?
    @Argument(help: "The class, with --value the number, or HEAD=CLASS,HEAD=CLASS.") var label: String?
    @Option(help: ArgumentHelp("Start: Unix seconds or ISO 8601.", valueName: "time")) var from: String?
    @Option(help: ArgumentHelp("End: Unix seconds or ISO 8601.", valueName: "time")) var to: String?
    @Option(help: ArgumentHelp("The time up to now instead.", valueName: "seconds")) var last: Double?
    @Option(help: "Name of the label, to correct or withdraw it later; made from device and time if absent.")
    var id: String?
    @Option(help: ArgumentHelp("Take back the label with this id.", valueName: "id")) var withdraw: String?
    @Flag(help: "The label is a number, of a task that predicts a value.") var value = false
    @Flag(help: "Label with keys while the device sends.") var live = false
    @Option(
        help: "With --live: the task whose classes have keys, where the device has several.",
        completion: Completions.models) var model: String?
    @Option(
        help: ArgumentHelp("Say the labels of a CSV file.", valueName: "file"), completion: .file(extensions: ["csv"]))
    var csv: String?
    @Flag(help: "Use it for scoring alone, never for training.") var truth = false
    @Flag(help: "Also say a class that no task of the device knows.") var force = false

    func validate() throws {
        let hasInterval = from != nil || to != nil || last != nil || label != nil || withdraw != nil || id != nil
        if csv != nil {
            guard device == nil, !live, !hasInterval else {
                throw ValidationError("--csv names devices, labels and times itself")
            }
        } else {
            guard device != nil else { throw ValidationError("name the device as site/device, or a file with --csv") }
            guard !live || !hasInterval else { throw ValidationError("--live takes labels from keys alone") }
        }
    }

    func run() async throws {
        if let csv { return try await say(file: csv) }
        let device = device ?? ""
        if live { return try await labelLive(device) }
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
            try await publish([draft], client)
        }
        print(withdraw == nil ? "label \(draft.message.id)" : "withdrawn \(draft.message.id)")
    }

    private func publish(_ drafts: [LabelDraft], _ client: FleetClient) async throws {
        // Also where the tasks were not asked for: the connection is there once this returns.
        try await client.subscribe(to: [BusFilter(client.topics.filter("fleet", "summary"))]).cancel()
        for draft in drafts {
            try await client.bus.publish(
                BusMessage(
                    topic: client.topics.string(truth ? .truth(draft.device) : .label(draft.device)),
                    payload: draft.message.payload, contentType: "application/json"))
        }
    }

    private func say(file path: String) async throws {
        let file: LabelFile
        do { file = try LabelFile(path: path, now: ClusterOptions.now()) } catch {
            throw ValidationError(error.message)
        }
        try await cluster.withClient { client in
            if !force, let complaint = file.complaint(try await TaskProposal.tasks(client)) {
                throw FleetConsoleError(.invalidOption, complaint)
            }
            try await publish(file.labels, client)
        }
        print("\(file.labels.count) labels")
    }

    private func labelLive(_ name: String) async throws {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(Slug.isValid) else {
            throw ValidationError("\"\(name)\" names no device: write SITE/DEVICE, as `retort devices` lists them")
        }
        let device = DeviceID(site: parts[0], device: parts[1])
        try await cluster.withClient { client in
            let task = try Self.task(of: device, named: model, amongst: try await TaskProposal.tasks(client))
            let session = LiveLabelSession(
                client: client, device: device, task: task, isTruth: truth, now: { ClusterOptions.now() },
                say: { line in FileHandle.standardOutput.write(Data((line + "\n").utf8)) })
            let keyboard = Keyboard()
            defer { keyboard.close() }
            try await session.run(keys: keyboard.keys)
        }
    }

    /// The task whose classes a device is labelled with.
    private static func task(
        of device: DeviceID, named name: String?, amongst tasks: [TaskDocument]
    ) throws -> TaskDocument {
        let own = tasks.filter { $0.covers(site: device.site, device: device.device) && $0.kind != .regression }
        if let name {
            guard let task = own.first(where: { $0.name == name }) else {
                throw FleetConsoleError(
                    .notFound, "there is no task \"\(name)\" with classes that runs on \(device)")
            }
            return task
        }
        guard let task = own.first else {
            throw FleetConsoleError(
                .notFound, "no task with classes runs on \(device): make one with `retort models create`")
        }
        guard own.count == 1 else {
            throw FleetConsoleError(
                .invalidOption,
                "\(device) has several tasks: name one with --model, \(own.map(\.name).sorted().joined(separator: " or "))"
            )
        }
        return task
    }
}
