import ArgumentParser
import FleetConsole
import Foundation
import JSON
import ModelArtifact

extension ModelsCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a task from flags, answers or a JSON file; edges then collect windows for it.",
            discussion: """
                Without a file and without --name it asks, with what it hears devices send as the defaults. The task is \
                checked here, proposed on model/{name}/task/proposal, and signed and published by the registry. The same \
                task again is no error; one that would change the shape of windows or the classes of a task that has \
                versions is refused. With --train, and after the questions, it stays: it shows how many labelled windows of \
                each class are in and how many are needed, and starts the first job once there are enough.

                  retort models create
                  retort models create --name gesture --device 'home/hand*' --channel ax:m/s2 --channel ay:m/s2 \\
                    --channel az:m/s2 --rate 20 --window 1s --class rest --class wave --class circle --train
                  retort models create --name air --device 'home/room-*' --channel temp:C --channel light:lux \\
                    --rate 0.033 --window 10 --target co2:ppm
                  retort models create task.json

                  {"name": "occupancy", "kind": "classification",
                   "channels": [{"name": "co2", "unit": "ppm"}, {"name": "motion", "unit": ""}],
                   "rate": 1, "window": 60, "step": 30, "classes": ["empty", "occupied"],
                   "devices": ["*/room-*"], "evaluationDevices": ["*/room-test-*"],
                   "student": {"profile": "rpi5", "parameters": 4000, "bytes": 16384}}
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The task as JSON; - reads standard input.") var file: String?
        @Option(help: "Name of the task and its model.") var name: String?
        @Option(help: "Channel, with its unit if you like: ax:m/s2; repeatable.") var channel: [String] = []
        @Option(help: "Samples a second.") var rate: Double?
        @Option(help: "Window: samples, or seconds as 2s.") var window = "2s"
        @Option(help: "Between starts of windows (default: half a window).") var step: String?
        @Option(
            name: .customLong("class"), help: "Class, with its superclass if you like: walking:locomotion; repeatable.")
        var classes: [String] = []
        @Option(help: "Number to predict, with its unit: co2:ppm.") var target: String?
        @Option(help: "One head of several, with its classes: valve:optimal,lag,failure; repeatable.")
        var head: [String] = []
        @Option(help: "Three channels that are one vector, which training may rotate: ax,ay,az; repeatable.")
        var axes: [String] = []
        @Option(help: "Devices, site/device with * for any characters; repeatable (default: all).")
        var device: [String] = []
        @Option(help: "Devices kept for evaluation: their windows never train; repeatable.")
        var evaluationDevice: [String] = []
        @Option(help: "Where a channel is missing: refuse, hold or mean.") var missing = "refuse"
        @Option(help: "Device that the student is for: \(ProfileOption.names).") var profile = "x86-gateway"
        @Option(help: "Parameters of the student at most.") var parameters = 4000
        @Option(help: "Bytes of the student's file at most.") var bytes = 16_384
        @Flag(help: "Show the windows that come in, and start the first job once there are enough.") var train = false
        @OptionGroup var training: TrainingOptions

        func validate() throws {
            guard file == nil || name == nil else { throw ValidationError("give a file or --name, not both") }
            let hasFlags = !channel.isEmpty || !classes.isEmpty || target != nil || !head.isEmpty || rate != nil
            guard !hasFlags || name != nil else { throw ValidationError("--name: the task needs one") }
            guard TaskDocument.MissingChannelPolicy(rawValue: missing) != nil else {
                throw ValidationError("--missing: \(missing) is none of refuse, hold, mean")
            }
        }

        func run() async throws {
            let asks = file == nil && name == nil
            let given = asks ? nil : try proposal()
            try await cluster.withClient { client in
                let proposal: TaskProposal
                if let given { proposal = given } else { proposal = try await ask(client) }
                try await proposal.submit(to: client)
                print(
                    "task \(proposal.task.name) is signed and published; edges that serve its devices collect windows now"
                )
                guard train || asks else { return }
                try await training.train(proposal.task, client)
            }
        }

        private func proposal() throws -> TaskProposal {
            guard let file else {
                do { return TaskProposal(task: try draft.task()) } catch { throw ValidationError(error.message) }
            }
            do {
                let bytes =
                    file == "-" ? Array(FileHandle.standardInput.readDataToEndOfFile()) : try ModelFile.read(file)
                return try TaskProposal(bytes: bytes)
            } catch let error as JSONError {
                throw CommandFailure(.badData, "\(file): \(error)")
            }
        }

        private var draft: TaskDraft {
            var draft = TaskDraft()
            draft.name = name ?? ""
            draft.channels = channel
            draft.rate = rate
            draft.window = window
            draft.step = step
            draft.classes = classes
            draft.target = target
            draft.heads = head
            draft.axes = axes
            draft.devices = device
            draft.evaluationDevices = evaluationDevice
            draft.missingChannel = TaskDocument.MissingChannelPolicy(rawValue: missing) ?? .refuse
            draft.profile = profile
            draft.parameters = parameters
            draft.bytes = bytes
            return draft
        }

        private func ask(_ client: FleetClient) async throws -> TaskProposal {
            print("listening to devices for 3 s ...")
            let survey = try await client.survey(seconds: 3) { ClusterOptions.now() }
            print(survey.devices.isEmpty ? "no device is heard" : survey.table.text)
            let interview = TaskInterview(survey: survey) { question in
                FileHandle.standardOutput.write(Data(question.utf8))
                return readLine()
            }
            return TaskProposal(task: try interview.draft().task())
        }
    }

    struct Train: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "train",
            abstract: "Show the labelled windows of a task, have it trained once there are enough, and follow the job.",
            discussion: """
                How many windows of each class are needed is the distiller's to say (jobs.windowsPerClass), or --windows.

                  retort models train gesture
                  retort models train gesture --windows 20
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The task.") var model: String
        @OptionGroup var training: TrainingOptions

        func run() async throws {
            try await cluster.withClient { client in
                let tasks = try await TaskProposal.tasks(client)
                guard let task = tasks.first(where: { $0.name == model }) else {
                    throw FleetConsoleError(
                        .notFound, "there is no task \"\(model)\": make it with `retort models create`")
                }
                try await training.train(task, client)
            }
        }
    }

    /// How a first job is asked for.
    struct TrainingOptions: ParsableArguments {
        @Option(help: "Windows of each class to train at (a regression: in all), instead of the distiller's number.")
        var windows: Int?
        @Option(help: "Seed of the training.") var seed = 1

        func validate() throws {
            if let windows { guard windows > 0 else { throw ValidationError("--windows must be above 0") } }
        }

        func train(_ task: TaskDocument, _ client: FleetClient) async throws {
            let display = ProgressDisplay()
            defer { display.end() }
            let session = FirstJobSession(
                client: client, now: { ClusterOptions.now() },
                say: { line in FileHandle.standardOutput.write(Data((line + "\n").utf8)) },
                show: { display.show($0.step) })
            let version = try await session.run(FirstJob(task: task, windows: windows, seed: seed))
            print("\(task.name): \(version) is released; edges that serve its devices install it")
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Put a student made elsewhere on the fleet: the registry checks it as any candidate.",
            discussion: """
                The file is a student.safetensors, as `retort distill` writes it. Its task must be the fleet's task of that \
                name: same channels, rate, window and classes. With --with-task the file's own task is proposed first; \
                --device then says which devices it runs on.

                  retort models add out/student.safetensors
                  retort models add out/student.safetensors --with-task --device 'home/room-*'
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The student's file.") var file: String
        @Flag(help: "Propose the file's own task first.") var withTask = false
        @Option(help: "Devices of that task, site/device with * for any characters; repeatable (default: the file's).")
        var device: [String] = []

        func validate() throws {
            guard device.isEmpty || withTask else { throw ValidationError("--device goes with --with-task") }
        }

        func run() async throws {
            let offer: StudentOffer
            do { offer = try StudentOffer(file: try ModelFile.read(file), now: ClusterOptions.now()) } catch let error
                as FleetConsoleError
            { throw CommandFailure(.badData, "\(file): \(error)") }
            let version = try await cluster.withClient { client in
                if withTask {
                    var task = offer.student.task
                    if !device.isEmpty { task.devices = device }
                    try await TaskProposal(task: task).submit(to: client)
                }
                return try await offer.submit(to: client)
            }
            print("\(offer.student.task.name): version \(version) is released; edges that serve its devices install it")
        }
    }
}
