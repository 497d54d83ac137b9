import Testing

@testable import Energy

@Suite("A power that somebody publishes is integrated over time")
struct PowerTopicTests {
    private func take(_ meter: PowerTopicMeter, _ text: String, _ now: Double) throws {
        try meter.take(Array(text.utf8), now: now)
    }

    @Test("Between two messages power runs straight, and the bounds are the lower and the higher")
    func integrates() throws {
        let meter = PowerTopicMeter(path: "ENERGY.Power")
        #expect(try meter.read(now: 5).isEmpty)
        try take(meter, #"{"Time":"x","ENERGY":{"Power":4,"Voltage":230}}"#, 10)
        #expect(try #require(try meter.read(now: 11)["host"]).value == 0)
        try take(meter, #"{"ENERGY":{"Power":"6.0"}}"#, 20)
        let figure = try #require(try meter.read(now: 1000)["host"])
        #expect(figure.value == 50 && figure.low == 40 && figure.high == 60)
        #expect(figure.method == .measured && figure.meter == "topic" && figure.scope == "supply")
    }

    @Test("Of a gap that is not bridged only the upper bound knows")
    func gap() throws {
        let meter = PowerTopicMeter(path: "", scale: 0.001, longestGap: 60)
        try take(meter, "5000", 0)
        try take(meter, "3000", 10)
        try take(meter, "3000", 110)
        let figure = try #require(try meter.read(now: 110)["host"])
        #expect(abs(figure.value - 40) < 1e-9 && abs(figure.low - 30) < 1e-9)
        // 50 J of the first ten seconds at most, and 100 s at the 5 W seen.
        #expect(abs(figure.high - 550) < 1e-9)
    }

    @Test("An array's member is reached by its index, and less than nothing counts as nothing")
    func members() throws {
        let meter = PowerTopicMeter(path: "emeters.1.power")
        try take(meter, #"{"emeters":[{"power":1},{"power":-0.4}]}"#, 0)
        try take(meter, #"{"emeters":[{"power":1},{"power":2}]}"#, 1)
        #expect(try #require(try meter.read(now: 1)["host"]).value == 1)
    }

    @Test(
        "A payload without a power is refused and changes nothing",
        arguments: ["", "{", "{}", #"{"power":null}"#, #"{"power":"much"}"#, #"{"power":[1]}"#, #"{"power":1e300}"#])
    func refuses(payload: String) throws {
        let meter = PowerTopicMeter(path: "power")
        try take(meter, #"{"power":2}"#, 0)
        #expect {
            try take(meter, payload, 1)
        } throws: {
            ($0 as? EnergyError)?.code == .malformed
        }
        try take(meter, #"{"power":2}"#, 2)
        #expect(try #require(try meter.read(now: 2)["host"]).value == 4)
    }
}
