import JSON
import Testing

@testable import Telemetry

@Suite("Topic patterns and matching")
struct SourceTopicTests {
    @Test(
        "A pattern matches what it says and captures names",
        arguments: [
            ("zigbee2mqtt/{device}", "zigbee2mqtt/lamp", ["device": "lamp"]),
            ("zigbee2mqtt/{device}", "zigbee2mqtt/kitchen/lamp", nil),
            ("zigbee2mqtt/{device+}", "zigbee2mqtt/kitchen/lamp", ["device": "kitchen/lamp"]),
            ("zigbee2mqtt/{device+}", "zigbee2mqtt", nil),
            ("{device}/sensor/{sensor}/state", "hall/sensor/co2/state", ["device": "hall", "sensor": "co2"]),
            ("a/{x+}/set", "a/b/c/set", ["x": "b/c"]),
            ("a/{x+}/set", "a/set", nil),
            ("a/+/c", "a/b/c", [:]),
            ("a/#", "a", [:]),
            ("a/#", "a/b/c", [:]),
            ("a/#", "b", nil),
            ("{any}/uptime", "$SYS/uptime", nil),
            ("$SYS/{what}", "$SYS/uptime", ["what": "uptime"]),
            ("a/{x}", "a/", ["x": ""]),
        ])
    func match(pattern: String, topic: String, captures: [String: String]?) throws {
        #expect(try TopicPattern(pattern).match(topic) == captures)
    }

    @Test("What is subscribed to is plain MQTT")
    func subscription() throws {
        #expect(try TopicPattern("{device}/sensor/{sensor}/state").subscription == "+/sensor/+/state")
        #expect(try TopicPattern("a/{x+}/set").subscription == "a/#")
        #expect(try TopicPattern("a/b").subscription == "a/b")
    }

    @Test(
        "Patterns that cannot work are refused",
        arguments: ["", "a/#/b", "a/{}", "a/{x y}", "a/x{d}", "{a+}/{b+}", "{a}/{a}", "a/b+", "{a+}/#"])
    func refused(pattern: String) {
        #expect(throws: SourceError.self) { try TopicPattern(pattern) }
    }

    @Test("The most specific source takes a topic, wherever it stands in the file")
    func specificity() throws {
        let sources = [
            ("all", "#"), ("many", "home/{device+}"), ("one", "home/{device}/{what}"),
            ("state", "home/{device}/state"), ("hall", "home/hall/{what}"), ("wild", "{site}/hall/state"),
        ]
        let text = sources.map {
            #"{"name":"\#($0.0)","topic":"\#($0.1)","device":"d","decoder":"value","key":"k","#
                + #""channels":[{"name":"k","timing":"periodic","rate":1}]}"#
        }
        let document = try SourcesDocument(
            file: Array(#"{"format":1,"sources":[\#(text.joined(separator: ","))]}"#.utf8))
        let matcher = SourceMatcher(document)
        func find(_ topic: String) -> String? { matcher.find(topic)?.source.name }
        #expect(find("home/hall/state") == "hall")
        #expect(find("home/attic/state") == "state")
        #expect(find("home/attic/power") == "one")
        #expect(find("home/attic") == "many" && find("home/a/b/c") == "many")
        #expect(find("work/hall/state") == "wild")
        #expect(find("elsewhere") == "all" && find("$SYS/uptime") == nil)
        #expect(document.subscriptions.count == 6)
    }
}
