import Testing

@testable import Presentation

@Suite("What people see of numbers and progress")
struct FigureTests {
    @Test("Numbers are written for people")
    func figures() {
        #expect(Figure.fixed(1.005, 1) == "1.0" && Figure.fixed(-0.04, 1) == "0.0" && Figure.fixed(-1.25, 1) == "−1.3")
        #expect(Figure.fixed(.nan, 2) == "–" && Figure.fixed(12, 0) == "12")
        #expect(Figure.metric(2.39e-6, "s") == "2.39 µs" && Figure.metric(0.044, "W") == "44.0 mW")
        #expect(Figure.metric(0, "J") == "0 J" && Figure.metric(9.9996e-7, "s") == "1.00 µs")
        #expect(Figure.bytes(9428) == "9.21 KiB" && Figure.bytes(100) == "100 B")
        #expect(
            Figure.duration(5) == "5.0 s" && Figure.duration(125) == "2 min 5 s" && Figure.duration(7300) == "2 h 1 min"
        )
        #expect(Figure.count(1_234_567).replacing("\u{202F}", with: " ") == "1 234 567")
    }

    @Test("Axes have round bounds that hold everything")
    func bounds() {
        #expect(Plot.bounds([0.61, 0.66], least: 0.05, within: 0...1).contains(0.61))
        #expect(Plot.step(of: 1) == 0.2 && Plot.step(of: 0.05) <= 0.02)
        let bounds = Plot.bounds([0.2, 0.9], least: 0.1, within: 0...1)
        #expect(bounds.lowerBound >= 0 && bounds.upperBound == 1)
    }

    @Test("Progress is a bar on a terminal and few lines elsewhere")
    func progress() {
        var plain = ProgressLine(isTerminal: false)
        var line = ProgressLine.Step(name: "teacher", fraction: 0.5, loss: 1.25, secondsLeft: 90)
        #expect(plain.text(line, now: 0)?.contains("50 %  loss 1.250  90 s left\n") == true)
        #expect(plain.text(line, now: 1) == nil && plain.text(line, now: 16) != nil)
        line.name = "student"
        #expect(plain.text(line, now: 16.1) != nil && plain.end.isEmpty)
        var terminal = ProgressLine(isTerminal: true)
        let bar = terminal.text(line, now: 0)
        #expect(bar?.contains("████████████░░░░░░░░░░░░  50 %") == true && bar?.hasSuffix("\n") == false)
        #expect(terminal.text(line, now: 0.1) == nil && terminal.end == "\n")
    }
}
