import BusAPI
import ModelArtifact
import Telemetry
import Testing

@testable import FleetConsole

@Suite("Tasks by words")
struct TaskDraftTests {
    private var draft: TaskDraft = {
        var draft = TaskDraft()
        draft.name = "gesture"
        draft.channels = ["ax:m/s2", "ay"]
        draft.rate = 20
        draft.window = "1s"
        return draft
    }()

    @Test("Flags make a task of classes, of a value, or of several heads")
    mutating func kinds() throws {
        draft.classes = ["rest", "wave:moving"]
        let task = try draft.task()
        #expect(task.kind == .classification && task.window == 20 && task.step == 10 && task.devices == ["*/*"])
        #expect(task.channels == [.init(name: "ax", unit: "m/s2"), .init(name: "ay", unit: "")])
        #expect(task.classes == [.init(name: "rest"), .init(name: "wave", superclass: "moving")])
        draft.classes = []
        draft.target = "co2:ppm"
        draft.step = "4"
        #expect(try draft.task().target == .init(name: "co2", unit: "ppm") && draft.task().step == 4)
        draft.target = nil
        draft.heads = ["valve:shut,open", "pump:off,on"]
        #expect(try draft.task().heads.map(\.name) == ["valve", "pump"])
    }

    @Test("What is missing or wrong is named")
    mutating func wrong() {
        func message(_ draft: TaskDraft) -> String {
            do { return try draft.task().name } catch { return error.message }
        }
        #expect(message(draft).contains("--class"))
        draft.classes = ["rest", "wave"]
        #expect(message(draft) == "gesture")
        draft.target = "co2"
        #expect(message(draft).contains("either"))
        draft.target = nil
        draft.window = "soon"
        #expect(message(draft).contains("--window"))
        draft.window = "1s"
        draft.classes = ["rest"]
        #expect(message(draft).contains("classes"))
        draft.rate = nil
        #expect(message(draft).contains("--rate"))
    }

    @Test("Who answers with nothing gets what devices were heard to send")
    func interview() throws {
        var survey = TelemetrySurvey(topics: TopicSpace())
        for second in 0..<3 {
            let message = TelemetryMessage(
                t: 1_760_000_000 + Double(second), interval: 0.05, channels: ["ax", "ay", "az"],
                values: [Float](repeating: 0, count: 60))
            survey.take(
                BusMessage(
                    topic: TopicSpace().string(.telemetry(DeviceID(site: "home", device: "hand"))),
                    payload: message.payload), now: 1_760_000_000 + Double(second))
        }
        var answers = ["Gesture!", "gesture", "", "", "", "rest, wave", ""].makeIterator()
        var asked: [String] = []
        let task = try TaskInterview(survey: survey) { question in
            asked.append(question)
            return answers.next()
        }.draft().task()
        #expect(task.devices == ["home/hand"] && task.channels.map(\.name) == ["ax", "ay", "az"] && task.rate == 20)
        #expect(task.classes.map(\.name) == ["rest", "wave"] && task.window == 40)
        #expect(asked.count == 7 && asked.contains { $0.contains("[ax ay az]") })
        // The end of the input ends the questions.
        #expect(throws: FleetConsoleError.self) { try TaskInterview(survey: survey) { _ in nil }.draft() }
    }
}
