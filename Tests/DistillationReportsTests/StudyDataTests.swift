import Foundation
import ModelArtifact
import NeuralNetwork
import Recordings
import Testing

@testable import DistillationReports

@Suite("Readings are split so that the test is honest, and faults say what to change")
struct StudyDataTests {
    let study: SmallStudy

    init() throws { study = try SmallStudy() }

    private func fault(_ options: StudyOptions) -> StudyError? {
        do {
            _ = try StudyData(options)
            return nil
        } catch { return error as? StudyError }
    }

    @Test("Whole groups are kept for the test, with every class on both sides")
    func groups() throws {
        let data = try StudyData(study.options(SmallStudy.waves()))
        #expect(data.facts.method == "groups" && data.facts.testGroups.count == 2 && data.facts.trainingGroups == 4)
        #expect(data.task.window == 50 && data.task.step == 25 && data.task.rate == 10)
        #expect(data.task.axes == [["ax", "ay", "az"]] && data.task.channels.map(\.name) == ["ax", "ay", "az"])
        #expect(data.facts.counts[0].allSatisfy { $0.training == 60 && $0.test == 30 })
        #expect(Set(data.training.groups).isDisjoint(with: data.test.groups))
    }

    @Test("Groups and files may be named for the test")
    func patterns() throws {
        var options = try study.options(SmallStudy.waves())
        options.testPatterns = ["p5", "p0*"]
        let data = try StudyData(options)
        #expect(data.facts.testGroups == ["p0", "p5"] && data.facts.method == "pattern")
        options.testPatterns = ["q*"]
        #expect(fault(options)?.message.contains("there are: p0, p1") == true)
        for (pattern, text, fits) in [
            ("test-*", "test-1", true), ("*", "", true), ("a*b*c", "aXbYc", true), ("a*b", "abX", false),
            ("ab", "abc", false),
        ] { #expect(WindowSplit.matches(pattern, text) == fits) }
    }

    @Test("Too few groups are split by time, and nothing is on both sides")
    func time() throws {
        let data = try StudyData(study.options(SmallStudy.waves(people: 2, seconds: 80)))
        #expect(data.facts.method == "time" && data.facts.notes.contains { $0.contains("in later rows") })
        #expect(data.facts.notes.contains { $0.contains("share samples") })
        #expect(data.facts.counts[0].allSatisfy { $0.training >= 40 && $0.test >= 14 })
        // The first channel of a window names it: no sample of the test part stands in training.
        func samples(_ values: [Float]) -> Set<[Float]> {
            Set(stride(from: 0, to: values.count, by: 3).map { Array(values[$0..<$0 + 3]) })
        }
        #expect(samples(data.training.values).isDisjoint(with: samples(data.test.values)))
    }

    @Test("Rows without times are taken one by one, and numbers as classes stand in order")
    func rows() throws {
        var text = "a,b,label\n"
        for k in 0..<60 { text += "\(k % 7),\(k % 5),\(10 - k / 20)\n" }
        let data = try StudyData(study.options(text, group: nil).ignoringNothing())
        #expect(data.task.window == 1 && data.facts.rate == nil && data.facts.method == "time")
        #expect(data.task.classes.map(\.name) == ["8", "9", "10"])
    }

    @Test("Rows without a label stay in training for the teacher to speak of")
    func unlabelled() throws {
        var lines = SmallStudy.waves().split(separator: "\n").map(String.init)
        for index in lines.indices where lines[index].contains(",p1,") || lines[index].contains(",p2,") {
            lines[index] = String(lines[index][...(lines[index].lastIndex(of: ",") ?? lines[index].startIndex)])
        }
        let data = try StudyData(study.options(lines.joined(separator: "\n") + "\n"))
        #expect(data.facts.unlabelled > 0 && !data.test.labels.contains(-1))
        #expect(data.training.labels.count { $0 == -1 } == data.facts.unlabelled)
    }

    @Test("One class, a rare class, a constant channel and missing values are told")
    func faults() throws {
        #expect(
            try fault(study.options(SmallStudy.waves(labels: ["slow"])))?.message.contains("only the class \"slow\"")
                == true)
        let rare =
            SmallStudy.waves() + "0,1,2,3,p9,odd\n"
            + (1..<60).map { "\(Double($0) / 10),1,\($0 % 3),3,p9,odd\n" }.joined()
        #expect(try fault(study.options(rare))?.message.contains("--ignore-label \"odd\"") == true)
        let dead = SmallStudy.waves().split(separator: "\n").map { $0 + ($0.hasPrefix("t,") ? ",dead\n" : ",7\n") }
        let constant = try fault(study.options(dead.joined()))
        #expect(constant?.code == .channels && constant?.message.contains("--ignore dead") == true)
        let holes = SmallStudy.waves().split(separator: "\n").map { $0 + ($0.hasPrefix("t,") ? ",gappy\n" : ",\n") }
        #expect(try fault(study.options(holes.joined()))?.message.contains("--ignore gappy") == true)
        var long = try study.options(SmallStudy.waves())
        long.window = .seconds(100)
        #expect(fault(long)?.message.contains("shorter --window") == true)
    }

    @Test("A recording under two names, and a person on both sides, are leaks")
    func leakage() throws {
        let text = SmallStudy.waves(people: 5)
        let copied = text.split(separator: "\n").filter { $0.contains(",p1,") }.map {
            $0.replacingOccurrences(of: ",p1,", with: ",renamed,") + "\n"
        }
        var options = try study.options(text + copied.joined())
        options.testPatterns = ["renamed"]
        let copy = fault(options)
        #expect(
            copy?.code == .leakage && copy?.message.contains("\"renamed\"") == true
                && copy?.message.contains("\"p1\"") == true)
        options.paths.append(try study.write("test-b.csv", SmallStudy.waves(people: 1, seed: 9)))
        options.testPatterns = ["test-*"]
        #expect(fault(options)?.message.contains("\"p0\" stands in files of the test part") == true)
    }

    @Test("Windows may be given in samples or seconds")
    func extents() throws {
        #expect(StudyOptions.Extent("100") == .samples(100) && StudyOptions.Extent("2.5s") == .seconds(2.5))
        for text in ["0", "-1", "s", "0s", "1.5", "nan s", "infs"] { #expect(StudyOptions.Extent(text) == nil) }
        var options = try study.options(SmallStudy.waves())
        options.window = .seconds(2)
        options.step = .samples(7)
        let data = try StudyData(options)
        #expect(data.task.window == 20 && data.task.step == 7)
    }

    @Test("Axes are found by name")
    func axes() {
        #expect(
            AxisFinder.axes(["t1", "acc_x", "acc_y", "acc_z", "gX", "gY", "gZ"]) == [
                ["acc_x", "acc_y", "acc_z"], ["gX", "gY", "gZ"],
            ])
        #expect(AxisFinder.axes(["max", "min", "x"]).isEmpty)
    }
}

extension StudyOptions {
    fileprivate func ignoringNothing() -> StudyOptions {
        var options = self
        options.layout.ignored = []
        return options
    }
}
