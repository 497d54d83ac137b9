import BusAPI
import BusTesting
import JSON
import ModelArtifact
import ModelRegistry
import ReleaseTrust
import ServiceRuntime
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(1))) struct TaskTests {
    @Test("A proposed task is signed and stands on the bus with exactly the signed bytes")
    func proposal() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task())
        let bytes = try #require(harness.retained(.task(model: "wrist")))
        #expect(try TaskDocument(json: JSONValue(parsing: bytes)) == TinyStudent.task())
        let target = try #require(try harness.verified().task(model: "wrist"))
        #expect(target.sha256 == ContentDigest(of: bytes).hex)
        await harness.kill()
    }

    @Test(
        "A bad proposal is rejected with the key at fault",
        arguments: [
            ("{", "malformed", "byte"), ("{\"name\":\"wrist\"}", "malformed", "kind"),
            (TinyStudent.task("other").json.text, "malformed", "topic"),
            (
                TinyStudent.task().json.text.replacing("\"window\":16", with: "\"window\":0"), "malformed", "window"
            ),
        ])
    func badProposal(_ text: String, _ code: String, _ reason: String) async throws {
        let harness = try await RegistryHarness()
        try await harness.publish(.taskProposal(model: "wrist"), Array(text.utf8))
        let reject = try RejectMessage(payload: try await harness.listener.next("reject/model-registry").payload)
        #expect(reject.code == code)
        #expect(reject.reason.contains(reason))
        #expect(try await harness.app.store.tasks().isEmpty)
        await harness.kill()
    }

    @Test("A task may change its devices at any time, its shape only while it has no students")
    func revisions() async throws {
        let harness = try await RegistryHarness()
        var task = TinyStudent.task()
        task.window = 32
        try await harness.propose(task)
        task.window = 16
        try await harness.propose(task)
        _ = try await harness.offer(RegistryHarness.candidate(TinyStudent.make().encode()))
        task.devices = ["north/*"]
        try await harness.propose(task)
        #expect(try await harness.app.store.task(model: "wrist")?.revision == 3)

        task.classes.append(.init(name: "clap"))
        try await harness.publish(.taskProposal(model: "wrist"), task.json.bytes)
        let reject = try RejectMessage(payload: try await harness.listener.next("reject/model-registry").payload)
        #expect(reject.code == "refused")
        #expect(reject.reason.contains("classes"))
        #expect(try await harness.app.store.task(model: "wrist")?.revision == 3)
        await harness.kill()
    }

    @Test("A student refused under one revision of its task may be accepted under the next")
    func widenedLimits() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(TinyStudent.task(parameters: 50))
        let candidate = try RegistryHarness.candidate(TinyStudent.make().encode())
        #expect(try await harness.offer(candidate).state == .refused)
        try await harness.propose(TinyStudent.task())
        #expect(try await harness.offer(candidate).state == .accepted)
        await harness.kill()
    }

    @Test("Task files are loaded at start; an unchanged file does not undo a later proposal")
    func files() async throws {
        let folder = try TestFolder()
        try folder.write(TinyStudent.task().json.prettyText, to: "tasks/wrist.json")
        try folder.write("not a task", to: "tasks/README.md")
        let values = ["registry.tasks": folder.path + "/tasks"]
        let harness = try await RegistryHarness(folder: folder, values: values)
        #expect(try await harness.app.store.task(model: "wrist")?.revision == 1)
        var task = TinyStudent.task()
        task.devices = ["south/*"]
        try await harness.publish(.taskProposal(model: "wrist"), task.json.bytes)
        _ = try await harness.listener.next("model/wrist/task") { $0.payload == task.json.bytes }
        await harness.kill()

        let restarted = try await RegistryHarness(folder: folder, values: values)
        #expect(try await restarted.app.store.task(model: "wrist")?.document == task)
        await restarted.kill()

        task.devices = ["east/*"]
        try folder.write(task.json.prettyText, to: "tasks/wrist.json")
        let edited = try await RegistryHarness(folder: folder, values: values)
        #expect(try await edited.app.store.task(model: "wrist")?.document == task)
        await edited.kill()
    }

    @Test("A malformed task file stops the start and is named; a missing folder too")
    func badFiles() async throws {
        let folder = try TestFolder()
        try folder.write("{\"name\":\"x\"}", to: "tasks/broken.json")
        for (path, word) in [("/tasks", "broken.json"), ("/nowhere", "nowhere")] {
            let error = await #expect(throws: ConfigurationError.self) {
                _ = try await RegistryHarness.makeApp(
                    folder: folder, bus: InMemoryBroker().connect("registry"),
                    clock: RegistryHarness.TestClock(1_800_000_000), values: ["registry.tasks": folder.path + path])
            }
            #expect(error?.message.contains(word) == true)
        }
    }

    @Test(
        "A setting out of range is refused with its key",
        arguments: [
            ("registry.chunkSize", "10"), ("registry.chunksPerSecond", "0"), ("registry.mergeSeconds", "-1"),
            ("registry.candidates", "none"), ("registry.expiry.timestamp", "0"), ("registry.channel", "Stable!"),
        ])
    func settings(_ key: String, _ value: String) throws {
        let configuration = try ServiceConfiguration(
            executable: "model-registry", keys: RegistryApp.keys, values: [key: value])
        let error = #expect(throws: ConfigurationError.self) { _ = try RegistrySettings(configuration) }
        #expect(error?.key == key)
    }
}
