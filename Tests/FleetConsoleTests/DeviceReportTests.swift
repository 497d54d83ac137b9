import BusAPI
import BusTesting
import JSON
import Telemetry
import Testing

@testable import FleetConsole

@Suite("One device")
struct DeviceReportTests {
    @Test("Its page says state, edge, battery, clock, decision, accuracy with coverage, latency, energy and update")
    func text() {
        let report = DeviceReport(FleetFixture.wrist, in: FleetFixture.view(), now: FleetFixture.t)
        let text = report.text(Terminal(isTerminal: false, usesColour: false))
        for part in [
            "north/wrist-7  online", "My Wrist",
            "north/gw-north  decides on 2 devices, 210 mJ of compute (modelled)",
            "12 %, -2 points a day, empty in about 6 days", "90 s ahead of the edge's",
            "walking (91.4 %), a window that ended 30 s ago",
            "70.0 % (65.0-74.0), 200 of 500 windows labelled for scoring alone",
            "1.5 µs median, 4 µs p95, 15 µs p99, over all devices of the version",
            "50 mJ (20 mJ to 100 mJ) an inference, modelled, over all devices of the version",
            "runs version 2, came as residual, 2056 B",
        ] { #expect(text.contains(part), "no \(part) in\n\(text)") }
        #expect(!text.contains("\u{1B}"))
        #expect(report.text(Terminal(isTerminal: true, usesColour: true)).contains("\u{1B}[32monline\u{1B}[0m"))
    }

    @Test("Its JSON has the keys of its topics, and leaves out what is not known")
    func json() throws {
        let known = DeviceReport(FleetFixture.wrist, in: FleetFixture.view(), now: FleetFixture.t).json
        let model = try #require(known.object?["models"]?.object?["activity"]?.object)
        #expect(model["label"]?.string == "walking" && model["windows"]?.integer == 500)
        #expect(model["ofVersion"]?.object?["latencyUs"]?.object?["p99"]?.number == 15)
        #expect(model["update"]?.object?["running"]?.integer == 2)
        #expect(known.object?["edge"]?.object?["figures"]?.object?["windows"]?.integer == 1440)
        let other = DeviceID(site: "south", device: "ankle-1")
        let unknown = DeviceReport(other, in: FleetFixture.view(), now: FleetFixture.t)
        #expect(unknown.json.object?["state"]?.string == "unknown" && unknown.json.object?["battery"] == nil)
        let text = unknown.text(Terminal(isTerminal: false, usesColour: false))
        #expect(text.contains("no edge says that it hears it") && text.contains("no model has decided anything here"))
    }

    @Test("A name alone does where one site has it; else the near ones are listed")
    func names() throws {
        let devices = FleetFixture.view().devices.keys
        #expect(try NameMatch.device("ankle-1", amongst: devices).description == "south/ankle-1")
        #expect(try NameMatch.device("north/wrist-7", amongst: devices) == FleetFixture.wrist)
        for (name, words) in [
            ("wrist-7", "several sites have a device \"wrist-7\": north/wrist-7, south/wrist-7"),
            ("ankel-1", "did you mean south/ankle-1?"), ("wrist", "did you mean north/wrist-7, south/wrist-7?"),
            ("zzzzzzzz", "there is north/wrist-7, south/ankle-1, south/wrist-7"), ("a\u{1B}b", "\"a?b\""),
        ] {
            let error = #expect(throws: FleetConsoleError.self) { try NameMatch.device(name, amongst: devices) }
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            #expect(error?.code == .notFound)
        }
        #expect(NameMatch.distance("kitten", "sitting") == 3 && NameMatch.distance("", "abc") == 3)
    }

    @Test("Followed elsewhere than on a terminal it is a line, or an object, for each decision")
    func follow() async throws {
        let broker = InMemoryBroker()
        let edge = broker.connect("edge")
        let inference = InferenceMessage(
            t: FleetFixture.t, window: "wrist-7@1", from: FleetFixture.t - 5, to: FleetFixture.t, edge: "gw-north",
            version: 2, decision: .label("walking", superclass: nil, confidence: 0.9), latencyMicroseconds: 3)
        let lines = AsyncStream.makeStream(of: String.self)
        for asJSON in [false, true] {
            let client = FleetClient(
                bus: broker.connect("cli-\(asJSON)"), topics: FleetFixture.topics, address: "memory")
            let watch = DeviceWatch(client: client, now: { FleetFixture.t }, say: { lines.continuation.yield($0) })
            let following = Task {
                try await watch.follow(
                    FleetFixture.wrist, asJSON: asJSON, terminal: Terminal(isTerminal: false, usesColour: false))
            }
            // Who listens first hears it; the rest of the fleet is not said.
            let say = Task {
                while !Task.isCancelled {
                    try await edge.publish(
                        BusMessage(
                            topic: FleetFixture.topics.string(.inference(FleetFixture.wrist, model: "activity")),
                            payload: inference.payload))
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            var line = ""
            for await said in lines.stream {
                line = said
                if said.hasPrefix("{") == asJSON { break }
            }
            following.cancel()
            say.cancel()
            if asJSON {
                let object = try JSONValue(parsing: line).object
                #expect(object?["model"]?.string == "activity" && object?["label"]?.string == "walking")
            } else {
                #expect(line == "  activity v2  walking (90.0 %)  by edge, 3 µs")
            }
        }
    }
}
