import Foundation
import Testing

@testable import Telemetry

@Suite("Names, topics and encodings")
struct NamingTests {
    private static let device = DeviceID(site: "home", device: "wrist-7")
    private static let edge = EdgeID(site: "home", edge: "gw-1")
    private static let digest = String(repeating: "0af3", count: 16)

    static let topics: [(Topic, String)] = [
        (.telemetry(device), "telemetry/home/wrist-7"), (.label(device), "label/home/wrist-7"),
        (.truth(device), "truth/home/wrist-7"), (.inference(device, model: "m"), "inference/home/wrist-7/m"),
        (.state(device, model: "m"), "state/home/wrist-7/m"), (.window(device, model: "m"), "window/home/wrist-7/m"),
        (.verdict(device, model: "m"), "verdict/home/wrist-7/m"),
        (.serviceAvailability(executable: "edge", instance: "gw-1"), "availability/service/edge/gw-1"),
        (.deviceAvailability(device), "availability/device/home/wrist-7"),
        (.device(device), "device/home/wrist-7"),
        (.select(device, model: "activity"), "select/home/wrist-7/activity"),
        (.status(executable: "edge", instance: "gw-1"), "status/edge/gw-1"), (.energy(edge), "energy/home/gw-1"),
        (.accuracy(model: "m", version: 7), "accuracy/m/7"), (.fleetSummary, "fleet/summary"),
        (.fleetSite("home"), "fleet/site/home"), (.fleetDevice(device), "fleet/device/home/wrist-7"),
        (.previewRequest, "preview/request"), (.preview(device), "preview/home/wrist-7"),
        (.fleetEdge(EdgeID(site: "home", edge: "gw-1")), "fleet/edge/home/gw-1"),
        (.fleetHistory(model: "activity"), "fleet/history/activity"),
        (.jobRequest, "job/request"), (.jobProgress(id: "j-1"), "job/j-1/progress"),
        (.task(model: "m"), "model/m/task"), (.rollback(model: "m"), "model/m/rollback"),
        (.taskProposal(model: "m"), "model/m/task/proposal"),
        (.candidate(model: "m", digest: digest), "model/m/candidate/\(digest)"),
        (.candidateResult(model: "m", digest: digest), "model/m/candidate/\(digest)/result"),
        (.root(version: 1), "trust/root/1"), (.targets, "trust/targets"), (.snapshot, "trust/snapshot"),
        (.timestamp, "trust/timestamp"), (.release(model: "m", channel: "stable"), "model/m/release/stable"),
        (.installed(model: "m", edge), "model/m/installed/home/gw-1"),
        (.offer(model: "m", base: "none", target: digest), "model/m/offer/none/\(digest)"),
        (.need(model: "m", edge), "model/m/need/home/gw-1"), (.chunk(digest: digest, index: 3), "chunk/\(digest)/3"),
        (.reject(executable: "edge"), "reject/edge"),
        (.alert(.edgeOffline(EdgeID(site: "home", edge: "gw-1"))), "alert/edge-offline/home/gw-1"),
        (.alert(.accuracyBelowGuard(model: "activity", version: 7)), "alert/accuracy-below-guard/activity/7"),
        (.alert(.drift(model: "activity", EdgeID(site: "home", edge: "gw-1"))), "alert/drift/activity/home/gw-1"),
        (
            .alert(.updateFailing(model: "activity", EdgeID(site: "home", edge: "gw-1"))),
            "alert/update-failing/activity/home/gw-1"
        ),
        (.alert(.spoolFilling(EdgeID(site: "home", edge: "gw-1"))), "alert/spool-filling/home/gw-1"),
        (.alert(.batteryLow(DeviceID(site: "home", device: "wrist-7"))), "alert/battery-low/home/wrist-7"),
        (.doctor(token: "0a", trial: "echo"), "doctor/0a/echo"),
    ]

    @Test("Every topic is written and read back", arguments: topics)
    func topic(topic: Topic, name: String) {
        let space = TopicSpace(root: "a/b")
        #expect(space.string(topic) == "a/b/" + name)
        #expect(space.parse("a/b/" + name) == topic)
        #expect(
            space.parse("a/b/" + name + "/more") == nil || name.hasSuffix("/task") || name.hasPrefix("model/m/cand")
                || name == "preview/request")
        #expect(space.parse(name) == nil)
    }

    @Test("Every topic stands in the contract, and the contract has no other")
    func contract() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/asyncapi.yaml")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let addresses = lines.compactMap { line -> [Substring]? in
            guard let found = line.range(of: "address: ") else { return nil }
            let address = line[found.upperBound...].filter { $0 != "'" }.dropFirst("{root}/".count)
            return Substring(address).split(separator: "/")
        }
        func fits(_ address: [Substring], _ levels: [String]) -> Bool {
            address.count == levels.count && zip(address, levels).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        for (topic, name) in Self.topics {
            #expect(addresses.contains { fits($0, topic.levels) }, "\(name)")
        }
        for address in addresses {
            #expect(Self.topics.contains { fits(address, $0.0.levels) }, "\(address.joined(separator: "/"))")
        }
    }

    @Test(
        "Names that are no topics of ours are not read",
        arguments: [
            "", "x", "retort/v1", "retort/v1/", "retort/v1/telemetry", "retort/v1/telemetry/home",
            "retort/v1/telemetry/home/", "retort/v1/telemetry//x", "retort/v1/telemetry/Home/x",
            "retort/v1/telemetry/home/a b", "retort/v1/telemetry/../x", "retort/v1/accuracy/m/x",
            "retort/v1/trust/root/0", "retort/v1/trust/root/-1", "retort/v1/chunk/x/-1", "retort/v1/chunk/x/1e3",
            "retort/v1/fleet/elsewhere", "retort/v2/telemetry/home/x", "$SYS/broker/uptime",
            "retort/v1/model/m/task/other",
        ])
    func noTopic(name: String) {
        #expect(TopicSpace().parse(name) == nil)
    }

    @Test("Filters stand below the root, and roots are levels without wildcards")
    func filters() {
        #expect(TopicSpace().filter("label", "+", "+") == "retort/v1/label/+/+")
        for root in ["a", "a/b", "Plant 7/x"] { #expect(TopicSpace.isValid(root: root)) }
        for root in ["", "/a", "a/", "a//b", "a/+", "#", "$share/a"] { #expect(!TopicSpace.isValid(root: root)) }
    }

    @Test(
        "Other names are slugged",
        arguments: [
            ("wrist-7", "wrist-7"), ("Kitchen Sensor #3", "kitchen-sensor-3"), ("a/b+c", "a-b-c"),
            ("Ölpumpe", "lpumpe"),
            ("", "unnamed"), ("..", "unnamed"), ("日本", "unnamed"), ("x  ", "x"), ("A_b.C", "a_b.c"),
        ])
    func slug(name: String, slug: String) {
        #expect(Slug.make(name) == slug)
        #expect(Slug.isValid(slug))
        #expect(Slug.make(slug) == slug)
    }

    @Test("Slugs are bounded")
    func slugBounds() {
        #expect(Slug.make(String(repeating: "x", count: 500)).count == 128)
        #expect(!Slug.isValid(String(repeating: "x", count: 129)))
        for name in ["", ".", "..", "A", "a b", "a/b", "a#", "é"] { #expect(!Slug.isValid(name)) }
    }

    @Test(
        "Base64 agrees with the vectors of RFC 4648 §10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test("Every byte survives base64")
    func base64Bytes() {
        for count in 250...256 {
            let bytes = (0..<count).map { UInt8($0 & 0xFF) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    @Test(
        "What is not padded base64 is refused",
        arguments: ["Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===", "Zm9v\n", "Zm9 ", "Zm-v", "Zm=v", "Zg==Zg==", "Zh=="])
    func notBase64(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("Window names carry the start in milliseconds and read back")
    func windowID() throws {
        let id = WindowID(device: "wrist-7", start: 1_760_000_002.5)
        #expect(id.description == "wrist-7@1760000002.500")
        #expect(WindowID("wrist-7@1760000002.500") == id)
        #expect(WindowID(device: "d", start: 1_760_000_000.016_999_9).description == "d@1760000000.017")
        #expect(id.start == 1_760_000_002.5)
        for text in [
            "", "@", "d@", "@1760000000", "d@x", "d@12", "D@1760000000.000", "d@nan", "d@1e300", "d1760000000",
        ] {
            #expect(WindowID(text) == nil, "\(text)")
        }
    }
}
