import BusAPI
import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import CloudDistillation

@Suite("Intake of windows and labels")
struct IntakeTests {
    private let harness: DistillerHarness

    init() async throws {
        harness = try await DistillerHarness(engine: EmptyEngine())
        await harness.take(task: TestTask.task())
    }

    private var counters: [String: Int] { harness.context.board.counters }

    @Test("Windows of a device kept for evaluation never enter, whatever they want")
    func evaluation() async throws {
        await harness.take(label: TestTask.label("a", 0, 600, .label("still")), device: TestTask.held)
        await harness.take(
            window: TestTask.window(0, values: TestTask.values("still", 1), device: TestTask.held),
            device: TestTask.held)
        await harness.take(
            window: TestTask.window(8, values: TestTask.values("still", 2), device: TestTask.held, want: .verdict),
            device: TestTask.held)
        #expect(await harness.app.collection.teachingWindows("shake").isEmpty)
        #expect(await harness.app.collection.summary("shake")?["windows"] == .integer(0))
        #expect(counters["evaluationRefused"] == 1 && counters["unanswered"] == 1)
        #expect(try harness.rejects.map(\.code) == ["evaluation"])
        try harness.remove()
    }

    @Test("Windows that want a verdict never enter, also of devices that train")
    func verdictsOnly() async throws {
        await harness.take(label: TestTask.label("a", 0, 600, .label("still")))
        await harness.take(window: TestTask.window(0, values: TestTask.values("still", 1), want: .verdict))
        #expect(await harness.app.collection.teachingWindows("shake").isEmpty)
        await harness.take(window: TestTask.window(8, values: TestTask.values("still", 2)))
        #expect(await harness.app.collection.teachingWindows("shake").map(\.start) == [TestTask.start + 8])
        try harness.remove()
    }

    @Test("A truth topic is never listened to")
    func truth() async throws {
        await harness.take(TestTask.label("a", 0, 600, .label("still")), on: .truth(TestTask.arm))
        await harness.take(window: TestTask.window(0, values: TestTask.values("still", 1)))
        #expect(await harness.app.collection.teachingWindows("shake").isEmpty)
        try harness.remove()
    }

    @Test("A recording that loops adds no sample")
    func loops() async throws {
        for pass in 0..<3 {
            let shift = Double(pass) * 600
            for window in 0..<10 {
                let values = TestTask.values("still", window)
                await harness.take(window: TestTask.window(shift + Double(window) * 8, values: values))
            }
            await harness.take(label: TestTask.label("l-\(pass)", shift, shift + 80, .label("still")))
        }
        let samples = try await harness.app.collection.samples("shake")
        #expect(samples.count == 10)
        #expect(samples.values == (0..<10).flatMap { TestTask.values("still", $0) })
        #expect(samples.targets == [WindowTarget](repeating: .label("still"), count: 10))
        #expect(await harness.app.collection.summary("shake")?["repeats"] == .integer(20))
        try harness.remove()
    }

    @Test("A label of nobody's class is refused with the tasks that it missed")
    func misspelt() async throws {
        await harness.take(window: TestTask.window(0, values: TestTask.values("still", 1)))
        await harness.take(label: TestTask.label("a", 0, 600, .label("stil")))
        let reject = try #require(try harness.rejects.first)
        #expect(reject.code == "class" && reject.reason.contains("\"stil\"") && reject.reason.contains("shake"))
        #expect(await harness.app.collection.teachingWindows("shake").isEmpty)
        // Devices that no task runs on may be labelled before their task comes.
        await harness.take(
            label: TestTask.label("b", 0, 600, .label("open")), device: DeviceID(site: "home", device: "valve-1"))
        #expect(try harness.rejects.count == 1)
        try harness.remove()
    }

    static let badPayloads: [(topic: String, payload: String, code: String)] = {
        let window = TestTask.window(0, values: TestTask.values("still", 1))
        func changed(_ change: (inout JSONObject) -> Void) -> String {
            var object = window.json.object ?? [:]
            change(&object)
            return JSONValue.object(object).text
        }
        let rows = JSONValue.array((0..<8).map { .numbers([Double($0), 0.5]) })
        return [
            ("window/home/arm-1/shake", "{\"t\":", "malformed"),
            ("window/home/arm-1/shake", "", "malformed"),
            ("window/home/arm-1/shake", changed { $0["t"] = .integer(5) }, "malformed"),
            ("window/home/arm-1/shake", changed { $0["want"] = .string("training data") }, "malformed"),
            ("window/home/arm-1/shake", changed { $0["values"] = .string("AAAA") }, "malformed"),
            (
                "window/home/arm-1/shake",
                changed {
                    $0["encoding"] = nil
                    $0["values"] = .array([.array([.string("NaN"), .integer(1)])])
                }, "malformed"
            ),
            // Quiet NaN as little-endian float32.
            (
                "window/home/arm-1/shake",
                changed { $0["values"] = .string(Base64.encode([0, 0, 0xC0, 0x7F, 0, 0, 0, 0])) }, "malformed"
            ),
            ("window/home/arm-1/shake", changed { $0["channels"] = .array([.string("y"), .string("x")]) }, "channels"),
            (
                "window/home/arm-1/shake",
                changed {
                    $0["channels"] = .array([.string("x")])
                    $0["values"] = .string(Base64.encode([UInt8](repeating: 0, count: 32)))
                }, "channels"
            ),
            (
                "window/home/arm-1/shake",
                changed { $0["values"] = .string(Base64.encode([UInt8](repeating: 0, count: 56))) }, "values"
            ),
            ("window/home/arm-1/shake", changed { $0["window"] = .string("arm-2@1760000000.000") }, "window"),
            ("window/home/arm-1/shake", changed { $0["window"] = .string("arm-1") }, "window"),
            ("window/home/arm-1/shake", changed { $0["to"] = .double(TestTask.start + 9) }, "window"),
            ("window/home/arm-1/shake", changed { $0["from"] = .double(TestTask.start + 1) }, "window"),
            ("window/home/arm-1/nothing", window.json.text, "model"),
            ("window/home/leg-1/shake", changed { $0["window"] = .string("leg-1@1760000000.000") }, "device"),
            ("window/Home/arm-1/shake", window.json.text, "topic"),
            (
                "window/home/arm-1/shake",
                changed {
                    $0["encoding"] = nil; $0["values"] = rows; $0["edge"] = .null
                }, "malformed"
            ),
            ("window/home/arm-1/shake", String(repeating: "[", count: 5 << 20), "oversize"),
            ("label/home/arm-1", "{}", "malformed"),
            (
                "label/home/arm-1", #"{"t":1760000000,"id":"a","from":1760000060,"to":1760000000,"label":"still"}"#,
                "malformed"
            ),
            (
                "label/home/arm-1", #"{"t":1760000000,"id":"","from":1760000000,"to":1760000060,"label":"still"}"#,
                "malformed"
            ),
            ("label/home/arm-1", #"{"t":1760000000,"id":"a","from":1e300,"to":1e301,"label":"still"}"#, "malformed"),
            ("label/home/arm-1", #"{"t":1760000000,"id":"a","from":1760000000,"to":1760000060,"value":3}"#, "class"),
            ("model/shake/task", #"{"name":"shake"}"#, "malformed"),
            ("model/other/task", TestTask.task().json.text, "model"),
        ]
    }()

    @Test("Bad input is refused with a word and a reason, and changes nothing", arguments: badPayloads.indices)
    func bad(_ index: Int) async throws {
        let (topic, payload, code) = Self.badPayloads[index]
        await harness.take(window: TestTask.window(80, values: TestTask.values("still", 9)))
        await harness.take(label: TestTask.label("ok", 80, 160, .label("still")))
        let before = await harness.app.collection.summary("shake")
        await harness.take(text: payload, on: topic)
        let reject = try #require(try harness.rejects.first)
        #expect(reject.code == code && !reject.reason.isEmpty && reject.topic == "retort/v1/" + topic)
        #expect(counters["rejected"] == 1)
        #expect(await harness.app.collection.summary("shake") == before)
        #expect(await harness.app.collection.task("shake") == TestTask.task())
        try harness.remove()
    }

    @Test("A restart keeps windows, labels and what was taken back")
    func restart() async throws {
        await harness.take(window: TestTask.window(0, values: TestTask.values("still", 1)))
        await harness.take(window: TestTask.window(8, values: TestTask.values("still", 2)))
        await harness.take(window: TestTask.window(200, values: TestTask.values("moving", 3)))
        await harness.take(label: TestTask.label("a", 0, 60, .label("still")))
        await harness.take(label: TestTask.label("b", 200, 260, .label("moving")))
        await harness.take(label: TestTask.label("b", 200, 260, .withdrawn, t: 1))
        try await harness.app.database.close()

        let again = try await DistillerHarness(engine: EmptyEngine(), folder: harness.folder)
        #expect(await again.app.collection.summary("shake") == nil)
        await again.take(task: TestTask.task())
        #expect(await again.app.collection.summary("shake") == harness.app.collection.summary("shake"))
        let samples = try await again.app.collection.samples("shake")
        #expect(samples.values == TestTask.values("still", 1) + TestTask.values("still", 2))
        // An old copy of the label that was taken back, then a new one.
        await again.take(label: TestTask.label("b", 200, 260, .label("moving")))
        #expect(await again.app.collection.teachingWindows("shake").count == 2)
        await again.take(label: TestTask.label("c", 200, 260, .label("moving"), t: 2))
        #expect(await again.app.collection.teachingWindows("shake").count == 3)
        try await again.app.database.close()
        try again.remove()
    }

    @Test("After a restart, windows of devices that are kept for evaluation by now are gone for good")
    func restartWithRevisedTask() async throws {
        await harness.take(window: TestTask.window(0, values: TestTask.values("still", 1)))
        await harness.take(label: TestTask.label("a", 0, 60, .label("still")))
        try await harness.app.database.close()
        var revised = TestTask.task()
        revised.evaluationDevices.append("*/arm-1")
        let again = try await DistillerHarness(engine: EmptyEngine(), folder: harness.folder)
        await again.take(task: revised)
        #expect(await again.app.collection.summary("shake")?["windows"] == .integer(0))
        try await again.app.database.close()
        let third = try await DistillerHarness(engine: EmptyEngine(), folder: harness.folder)
        await third.take(task: TestTask.task())
        #expect(await third.app.collection.summary("shake")?["windows"] == .integer(0))
        try await third.app.database.close()
        try third.remove()
    }
}
