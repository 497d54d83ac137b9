import Distillation
import Energy
import Foundation
import Inference
import JSON
import ModelArtifact
import NeuralNetwork
import Recordings
import Testing

@testable import DistillationReports

@Suite("A study goes from CSV to a student and its reports")
struct StudyTests {
    let study: SmallStudy

    init() throws { study = try SmallStudy() }

    @Test("Files, figures and page come out, and the same seed gives the same student")
    func endToEnd() throws {
        var options = try study.options(SmallStudy.waves().replacingOccurrences(of: "slow", with: "slow <&\"'>"))
        options.profile = .cortexM4
        var stages: [StudyProgress.Stage] = []
        let result = try Study(options).run {
            if stages.last != $0.stage { stages.append($0.stage) }
            return true
        }
        #expect(stages == [.teacher, .student, .studentGrid, .baseline, .baselineGrid, .evaluation])
        let output = try StudyOutput(folder: study.path + "/a/b")
        try output.write(result)
        func bytes(_ name: String) throws -> [UInt8] {
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(output.folder)/\(name)")))
        }
        let student = try Student(decoding: bytes("student.safetensors"))
        try InferenceEngine(student).verifyGolden()
        #expect(student.spec.parameterCount <= 600)
        let json = try JSONObjectReader(JSONValue(parsing: String(decoding: bytes("report.json"), as: UTF8.self)))
        try figures(json, student)
        let page = String(decoding: try bytes("report.html"), as: UTF8.self)
        try wellFormed(page, names: "slow &lt;&amp;&quot;&#39;&gt;")
        #expect(parserCount(page) >= 8)
        let again = try Study(options).run { _ in true }
        #expect(again.student == result.student)
        options.distillation.seed = 2
        #expect(try Study(options).run { _ in true }.student != result.student)
    }

    /// What can be computed from the confusion matrix is what the report says.
    private func figures(_ json: JSONObjectReader, _ student: Student) throws {
        let models = try #require(json.object["models"]?.object)
        #expect(models.keys == ["teacher", "student", "baseline"])
        let model = try #require(models["student"]?.object)
        #expect(model["parameters"]?.integer == Int64(student.spec.parameterCount))
        #expect(model["macs"]?.integer == Int64(student.spec.multiplyAccumulates))
        let scores = try #require(model["test"]?.object?["label"]?.object)
        let confusion = (scores["confusion"]?.elements ?? []).compactMap(\.numberArray)
        let right = confusion.indices.reduce(0) { $0 + confusion[$1][$1] }
        let all = confusion.reduce(0) { $0 + $1.reduce(0, +) }
        let accuracy = try #require(scores["accuracy"]?.object)
        #expect(all == 60 && abs((accuracy["value"]?.number ?? 0) - right / all) < 1e-3)
        #expect((accuracy["low"]?.number ?? 1) < right / all && right / all > 0.7)
        let energy = try #require(model["energy"]?.object)
        #expect(energy["method"]?.string == "modelled" && energy["profile"]?.string == "cortex-m4@2")
        #expect(json.object["robustness"]?.object?["conditions"]?.elements?.count == 12)
        #expect(json.object["data"]?.object?["testWindows"]?.integer == 60)
        #expect(model["curve"]?.elements?.count == 28 && model["curve"] != models["baseline"]?.object?["curve"])
        let entry = try #require(scores["classes"]?.elements?.first?.object)
        let f1 = 2 * confusion[0][0] / (confusion[0].reduce(0, +) + confusion.reduce(0) { $0 + $1[0] })
        #expect(abs((entry["f1"]?.number ?? 0) - f1) < 1e-3 && entry["windows"]?.integer == 30)
    }

    private func parserCount(_ page: String) -> Int { page.components(separatedBy: "<svg").count - 1 }

    /// Every element is closed, names are escaped, and nothing is fetched.
    private func wellFormed(_ page: String, names: String) throws {
        let parser = MarkupChecker()
        let markup = page.replacingOccurrences(of: "<!doctype html>", with: "")
        #expect(parser.check(markup), "\(parser.problem ?? "")")
        #expect(
            !page.contains("http:") && !page.contains("https:") && !page.contains("//") && !page.contains("<script"))
        #expect(!page.contains("url(") && !page.contains("@import") && page.contains(names))
        #expect(page.contains("prefers-color-scheme:dark") && page.contains("width=device-width"))
    }

    @Test("Several labels become heads, each with scores of its own")
    func heads() throws {
        // The second label is the person's half: p0 to p2 low, the others high.
        let lines = SmallStudy.waves(people: 8, seconds: 30).split(separator: "\n").map { line in
            line.hasPrefix("t,")
                ? line + ",half\n"
                : line + (["p0", "p1", "p2", "p3"].contains { line.contains(",\($0),") } ? ",low\n" : ",high\n")
        }
        var options = try study.options(lines.joined())
        options.layout.labels = ["label", "half"]
        options.trainsBaseline = false
        let result = try Study(options).run { _ in true }
        #expect(result.report.task.kind == .multiHead && result.report.models.allSatisfy { $0.test.count == 2 })
        let scores = try #require(result.report.model(.student)?.test)
        #expect(result.report.gapClosed == nil && scores.allSatisfy { ($0.quality ?? 0) >= 0.5 })
        #expect((result.report.model(.student)?.quality ?? 0) > 0.6, "\(scores)")
        let test = result.report.json.object?["models"]?.object?["student"]?.object?["test"]?.object
        #expect(test?.keys == ["label", "half"])
        #expect(result.report.html.contains("half: Accuracy by class"))
        try wellFormed(result.report.html, names: "half")
    }

    @Test("A number is predicted from rows by the textbook pair of dense networks, and methods are compared")
    func values() throws {
        var text = "a,b,c,label\n"
        for k in 0..<400 {
            let (a, b, c) = (Double(k % 7) - 3, Double(k % 11) - 5, Double(k % 13) - 6)
            text += "\(a),\(b),\(c),\(2 * a - b + 0.5 * c + 20)\n"
        }
        var options = try study.options(text, group: nil)
        options.layout.ignored = []
        options.isRegression = true
        options.teacher = .dense([50])
        options.student = .dense([])
        options.comparedSeeds = 2
        options.distillation.teacherEpochs = 60
        options.distillation.studentEpochs = 120
        let report = try Study(options).run { _ in true }.report
        #expect(report.model(.teacher)?.spec.parameterCount == 3 * 50 + 50 + 50 + 1)
        #expect(report.model(.student)?.spec.parameterCount == 4 && report.agreement == nil)
        let student = try #require(report.model(.student)?.test.first)
        guard case .value(let scores) = student else {
            Issue.record("a number has no classes")
            return
        }
        #expect((scores.determination ?? 0) > 0.95 && abs((scores.answers.first ?? 0) - (scores.truth.first ?? 9)) < 2)
        let comparison = try #require(report.comparison)
        #expect(comparison.rows.count == 4 && comparison.rows.allSatisfy { $0.qualities.count == 2 })
        try wellFormed(report.html, names: "itself as teacher")
        let methods = report.json.object?["comparison"]?.object?["methods"]?.elements
        #expect(methods?.first?.object?["method"]?.string == "labels")
    }

    @Test("Two classes are told by one output of dense networks")
    func binary() throws {
        var options = try study.options(SmallStudy.waves(seconds: 20))
        options.window = .samples(1)
        options.teacher = .dense([10])
        options.student = .dense([4])
        options.comparedSeeds = 1
        let report = try Study(options).run { _ in true }.report
        #expect(report.models.allSatisfy { $0.test.count == 1 && $0.quality != nil })
        #expect(report.model(.teacher)?.spec.outputs == 1 && report.comparison?.row(.selfDistillation) == nil)
        #expect(report.comparison?.row(.hint) != nil)
    }

    @Test("Networks are chosen by name, and two classes by dense layers have one output")
    func networks() throws {
        #expect(NetworkChoice("dense:50") == .dense([50]) && NetworkChoice("dense") == .dense([]))
        #expect(NetworkChoice("dense:64,32") == .dense([64, 32]) && NetworkChoice("residual") == .residual)
        for text in ["", "dense:", "dense:0", "dense:a", "conv", "dense:1,,2"] { #expect(NetworkChoice(text) == nil) }
        var options = try study.options(SmallStudy.waves())
        let task = try StudyData(options).task
        #expect(!options.isSingleOutput(task))
        options.teacher = .dense([8])
        #expect(options.isSingleOutput(task))
        options.teacher = .residual
        options.student = .dense([8])
        #expect(!options.isSingleOutput(task))
    }

    @Test("Superclasses are compared beside the classes, and a focus is reported with what it costs")
    func superclassesAndFocus() throws {
        var options = try study.options(SmallStudy.waves(labels: ["slow", "fast", "also fast"]))
        let classes = try StudyData(options).task.classes.map(\.name)
        try #require(classes.count >= 3)
        options.superclasses = Dictionary(
            uniqueKeysWithValues: classes.enumerated().map { ($1, $0 == 0 ? "one" : "other") })
        options.comparedSeeds = 1
        options.comparedMethods = [.labels, .logits]
        options.labelledGroups = 2
        options.focus = [classes[0]]
        let report = try Study(options).run { _ in true }.report
        #expect(report.comparison?.rows.map(\.method) == [.labels, .logits])
        #expect(report.superclassComparison?.rows.map(\.method) == [.labels, .logits, .subclass, .invented])
        let focus = try #require(report.json.object?["focus"]?.elements)
        #expect(focus.count == report.focus?.rows.count && focus[0].object?["condition"]?.string == "clean")
        #expect(focus[0].object?["classes"]?.object?.keys.sorted() == classes.sorted())
        #expect(report.text.contains("superclasses by subclass") && report.text.contains("focus, as recorded"))
        try wellFormed(report.html, names: "Classes that must be right")

        options.focus = ["nothing"]
        let unknown = #expect(throws: StudyError.self) { try Study(options) }
        #expect(unknown?.message.contains(classes[0]) == true)
        options.focus = []
        options.superclasses[classes[1]] = nil
        let lonely = #expect(throws: StudyError.self) { try Study(options) }
        #expect(lonely?.message.contains(classes[1]) == true)
    }

    @Test("An observer stops a study at every stage", arguments: StudyProgress.Stage.allCases)
    func cancel(stage: StudyProgress.Stage) throws {
        guard stage != .comparison else { return }
        var options = try study.options(SmallStudy.waves(seconds: 20))
        options.distillation.teacherEpochs = 1
        options.distillation.studentEpochs = 1
        options.distillation.quantisedEpochs = 1
        options.focus = ["slow"]
        let error = #expect(throws: StudyError.self) {
            _ = try Study(options, observer: { $0.stage != stage }).run {
                $0.stage != stage
            }
        }
        #expect(error?.code == .cancelled)
    }

    @Test("A study that was stopped goes on and gives the student that it would have given")
    func resume() throws {
        var options = try study.options(SmallStudy.waves(seconds: 20))
        options.trainsBaseline = false
        let whole = try Study(options).run { _ in true }
        let output = try StudyOutput(folder: study.path + "/resumed")
        options.checkpoints = { output.checkpoints($0) }
        #expect(throws: StudyError.self) {
            _ = try Study(options).run { $0.stage != .student || $0.fraction < 0.5 }
        }
        var first: Double?
        let resumed = try Study(options).run {
            if $0.stage == .student, first == nil { first = $0.fraction }
            return true
        }
        #expect(resumed.student == whole.student && (first ?? 0) > 0.4)
        try output.write(resumed)
        let left = try FileManager.default.contentsOfDirectory(atPath: output.folder).sorted()
        #expect(left == ["report.html", "report.json", "student.safetensors", "teacher.safetensors"])
    }

    @Test("A folder that cannot be written to is told before anything is trained")
    func output() throws {
        let file = try study.write("file", "")
        let error = #expect(throws: StudyError.self) { _ = try StudyOutput(folder: file + "/out") }
        #expect(error?.code == .output && error?.message.contains(file) == true)
    }
}

/// Checks that markup is balanced.
private final class MarkupChecker {
    private(set) var problem: String?

    func check(_ text: String) -> Bool {
        var open: [Substring] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else {
                problem = "a tag is not closed"
                return false
            }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            let name = tag.prefix { $0 != " " && $0 != "/" }
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else {
                    problem = "\(tag) closes nothing"
                    return false
                }
            } else {
                guard tag.count(where: { $0 == "\"" }) % 2 == 0 else {
                    problem = "\(tag) has an open quote"
                    return false
                }
                if !tag.hasSuffix("/") { open.append(name) }
            }
        }
        problem = open.isEmpty ? nil : "\(open) are not closed"
        return open.isEmpty
    }
}
