import ArgumentParser
import FleetConsole
import Foundation
import JSON
import ModelArtifact
import Presentation
import Telemetry
import UnixSignals

/// Lists training jobs.
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List training jobs that wait or run; with --all those that are over too.",
        discussion: """
            As the aggregator remembers them: the last 32. With --json an array of {"id", "model", "phase", "fraction" (of \
            the phase), "secondsLeft"}.

              retort jobs
              retort jobs --all --json | jq -r '.[] | select(.phase == "failed") | .id'
            """)

    @OptionGroup var cluster: ClusterOptions
    @Flag(help: "Also jobs that are over.") var all = false
    @Option(help: "Of this model alone.", completion: Completions.models) var model: String?
    @Flag(help: "Write JSON.") var json = false

    func run() async throws {
        let fleet = try await cluster.withClient { try await $0.fleet(now: ClusterOptions.now()) }
        guard let summary = fleet.summary else { throw FleetConsoleError.noAggregator }
        let jobs = JobTable(summary, all: all, model: model)
        if json {
            print(jobs.json.prettyText, terminator: "")
        } else if jobs.isEmpty {
            print(all ? "no job is known" : "no job waits or runs; --all lists those that are over")
        } else {
            print(jobs.table.text)
        }
    }
}

/// Asks for training jobs and follows them.
struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Ask for a training job, or follow one.",
        subcommands: [Start.self, Follow.self])

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask a distiller for a student, and with --follow stay until it is over.",
            discussion: """
                The distiller trains a teacher where it keeps none, distills a student and offers it to the registry, which \
                releases it. With --base the student starts from that version, so that its update is small.

                  retort job start activity --follow
                  retort job start activity --base 1 --follow --timeout 600
                  retort job start activity --teacher verdicts --json

                Ends with 0 where the job was taken (with --follow: is done), 1 where it failed, 66 where there is no such \
                model, 69 where no distiller answers, 75 where --timeout was over first, 130 at Ctrl-C; then the job goes \
                on. --json writes what was last heard of the job, as on job/ID/progress.
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The model.", completion: Completions.models) var model: String
        @Option(help: "Version whose int8 grid the student starts from (default: from scratch).") var base: Int?
        @Option(
            help: ArgumentHelp(
                "Whom it learns from besides labels: own (the distiller's teacher) or verdicts (whoever answers windows).",
                valueName: "teacher"),
            completion: .list(JobRequest.Teacher.allCases.map(\.rawValue)), transform: Self.teacher)
        var teacher = JobRequest.Teacher.own
        @Flag(help: "Train the teacher anew even where one is kept.") var retrainTeacher = false
        @Option(help: "Seed of the training.") var seed = 1
        @Option(help: "Instance of the distiller (default: the live one with the lowest name).") var distiller: String?
        @Option(help: "Name of the job; the same one again is the same job (default: made from model and time).")
        var id: String?
        @OptionGroup var following: JobFollowing
        @Flag(name: [.short, .long], help: "Stay until the job is over, with a progress bar.") var follow = false

        func validate() throws {
            if let base { guard base > 0 else { throw ValidationError("--base must be a version, from 1 on") } }
            for (name, value) in [("model", model), ("--id", id), ("--distiller", distiller)] {
                guard value.map(Slug.isValid) ?? true else {
                    throw ValidationError("\(name): must match [a-z0-9._-]+")
                }
            }
            guard following.timeout == nil || follow else { throw ValidationError("--timeout goes with --follow") }
        }

        @Sendable private static func teacher(_ name: String) throws -> JobRequest.Teacher {
            guard let teacher = JobRequest.Teacher(rawValue: name) else {
                let names = JobRequest.Teacher.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\(name) is none of \(names)")
            }
            return teacher
        }

        func run() async throws {
            let now = ClusterOptions.now()
            let request = JobRequest(
                t: now, id: id ?? "\(model.prefix(90))-\(Int(now))", model: model, distiller: distiller, base: base,
                teacher: teacher, retrainTeacher: retrainTeacher, seed: seed)
            try await cluster.withClient { client in
                _ = try NameMatch("model", amongst: try await TaskProposal.tasks(client).map(\.name)).find(model)
                try await following.follow(
                    JobOrder(request, client: client), waits: follow, answerLimit: .seconds(cluster.wait))
            }
        }
    }

    struct Follow: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow a job that was asked for, to its end.",
            discussion: """
                Ends as `job start --follow` does; with 66 where nothing is heard of the job.

                  retort job follow activity-1795647069
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The job's name, as `retort jobs` lists it.", completion: Completions.jobs) var id: String
        @OptionGroup var following: JobFollowing

        func validate() throws {
            guard Slug.isValid(id) else { throw ValidationError("a job's name matches [a-z0-9._-]+") }
        }

        func run() async throws {
            try await cluster.withClient { client in
                try await following.follow(
                    JobOrder(following: id, client: client), waits: true, answerLimit: .seconds(cluster.wait))
            }
        }
    }
}

/// How a job is followed, and what its end means.
struct JobFollowing: ParsableArguments {
    @Option(help: ArgumentHelp("Give up waiting after so long.", valueName: "seconds")) var timeout: Double?
    @Flag(help: "Write what was last heard of the job as JSON.") var json = false

    func validate() throws {
        if let timeout {
            guard timeout > 0, timeout <= 1e8 else { throw ValidationError("--timeout must be above 0 seconds") }
        }
    }

    /// Follows the job, shows how far it is, and throws where it did not end well.
    func follow(_ order: JobOrder, waits: Bool, answerLimit: Duration) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let limit = timeout.map { Duration.seconds($0) }
        let outcome = try await withThrowingTaskGroup(of: JobOrder.Outcome?.self) { group in
            group.addTask {
                let display = ProgressDisplay()
                defer { display.end() }
                return try await order.run(waits: waits, answerLimit: answerLimit, limit: limit) { progress in
                    guard waits, progress.phase != .failed else { return }
                    display.show(progress.step)
                }
            }
            group.addTask {
                for await _ in signals { return nil }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let outcome else { throw CommandFailure(.interrupted, "stopped waiting; the job goes on") }
        let progress = outcome.progress
        if json { print(progress.json.prettyText, terminator: "") }
        switch outcome {
        case .failed:
            throw CommandFailure(.failed, "job \(progress.id) failed: \(progress.reason ?? "no reason is known")")
        case .taken:
            if !json {
                print(
                    "job \(progress.id) is taken by \(progress.distiller); `retort job follow \(progress.id)` shows how far it is"
                )
            }
        case .done:
            if !json {
                print("\(progress.model): \(progress.reason ?? "a new version") is released by job \(progress.id)")
            }
        }
    }
}

extension JobProgress {
    /// What a progress bar shows of it.
    var step: ProgressLine.Step {
        ProgressLine.Step(name: phase.rawValue, fraction: fraction, loss: loss, secondsLeft: secondsLeft)
    }
}
