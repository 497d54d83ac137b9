import Foundation
import Inference
import JSON
import ModelArtifact
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
        try wellFormed(page)
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
        let confusion = try #require(scores["confusion"]?.elements?.compactMap(\.numberArray))
        let right = confusion.indices.reduce(0) { $0 + confusion[$1][$1] }
        let all = confusion.reduce(0) { $0 + $1.reduce(0, +) }
        let accuracy = try #require(scores["accuracy"]?.object)
        #expect(all == 60 && abs((accuracy["value"]?.number ?? 0) - right / all) < 1e-3)
        #expect((accuracy["low"]?.number ?? 1) < right / all && right / all > 0.7)
        let energy = try #require(model["energy"]?.object)
        #expect(energy["method"]?.string == "modelled" && energy["profile"]?.string == "cortex-m4@1")
        #expect(json.object["robustness"]?.object?["conditions"]?.elements?.count == 12)
        #expect(json.object["data"]?.object?["testWindows"]?.integer == 60)
        #expect(model["curve"]?.elements?.count == 8)
    }

    /// Every element is closed, names are escaped, and nothing is fetched.
    private func wellFormed(_ page: String) throws {
        let parser = XMLChecker()
        let markup = page.replacingOccurrences(of: "<!doctype html>", with: "")
        #expect(parser.check(markup), "\(parser.problem ?? "")")
        #expect(parser.count("svg") >= 8)
        #expect(
            !page.contains("http:") && !page.contains("https:") && !page.contains("//") && !page.contains("<script"))
        #expect(!page.contains("url(") && !page.contains("@import") && page.contains("slow &lt;&amp;&quot;&#39;&gt;"))
        #expect(page.contains("prefers-color-scheme:dark") && page.contains("width=device-width"))
    }

    @Test("An observer stops a study at every stage", arguments: StudyProgress.Stage.allCases)
    func cancel(stage: StudyProgress.Stage) throws {
        guard stage != .comparison else { return }
        let error = #expect(throws: StudyError.self) {
            _ = try Study(study.options(SmallStudy.waves(seconds: 20)), observer: { $0.stage != stage }).run {
                $0.stage != stage
            }
        }
        #expect(error?.code == .cancelled)
    }

    @Test("A folder that cannot be written to is told before anything is trained")
    func output() throws {
        let file = try study.write("file", "")
        let error = #expect(throws: StudyError.self) { _ = try StudyOutput(folder: file + "/out") }
        #expect(error?.code == .output && error?.message.contains(file) == true)
    }
}

/// Checks that markup is balanced.
private final class XMLChecker: NSObject {
    private(set) var problem: String?
    private var counts: [Substring: Int] = [:]

    func count(_ name: Substring) -> Int { counts[name] ?? 0 }

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
                counts[name, default: 0] += 1
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
