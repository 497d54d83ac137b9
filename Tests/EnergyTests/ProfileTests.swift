import JSON
import Testing

@testable import Energy

@Suite("Device profiles model what cannot be metered")
struct ProfileTests {
    /// A built-in profile's document with one member changed; `nil` removes it.
    private func document(_ path: String, _ value: JSONValue?) throws -> JSONValue {
        func change(_ json: JSONValue, _ path: ArraySlice<Substring>) -> JSONValue? {
            guard let key = path.first else { return value }
            var object = json.object ?? JSONObject()
            object[String(key)] = change(object[String(key)] ?? .null, path.dropFirst())
            return .object(object)
        }
        return try #require(change(DeviceProfile.cortexM4.json, path.split(separator: ".")[...]))
    }

    @Test("A microcontroller's time and joules follow from multiply-adds, within bounds")
    func microcontroller() {
        let profile = DeviceProfile.cortexM4
        let seconds = profile.seconds(multiplyAccumulates: 666_000, int8: true)
        #expect(abs(seconds.value - 0.01) < 1e-12 && seconds.low < seconds.value && seconds.value < seconds.high)
        #expect(profile.seconds(multiplyAccumulates: 180_000, int8: false).value == 0.01)
        let energy = profile.compute(seconds: seconds)
        #expect(abs(energy.value - 0.417e-3) < 1e-9 && energy.low < energy.value && energy.value < energy.high)
        #expect(energy.method == .modelled && energy.profile == "cortex-m4@2")
    }

    @Test("Every built-in profile is a document like a user's, and every number says where it comes from")
    func builtIn() throws {
        #expect(
            DeviceProfile.builtIn.map(\.hardware) == [
                "cortex-m4", "cortex-m33", "esp32-s3", "cortex-a53", "rpi4", "rpi5", "x86-gateway",
            ])
        for profile in DeviceProfile.builtIn {
            #expect(DeviceProfile.named(profile.name) == profile && DeviceProfile.matching(profile.hardware) == profile)
            #expect(try DeviceProfile(json: JSONValue(parsing: profile.json.text)) == profile)
            #expect(profile.sources.count == 8 && profile.sources.values.allSatisfy { $0.count > 10 })
            #expect(profile.storage.free > 0 && profile.ram.free > 0)
        }
        for radio in RadioProfile.builtIn {
            #expect(try RadioProfile(json: radio.json) == radio && radio.sources.count == 5)
        }
        #expect(
            RadioProfile.builtIn.map { DeviceProfile.hardware(of: $0.name) } == [
                "wifi", "ethernet", "ble", "lte-m", "nb-iot", "lora",
            ])
        let edge = DeviceProfile.cortexA53
        #expect(edge.cores == 1 && edge.ram.bytes == 1 << 30 && edge.storage.bytes == 8_000_000_000)
    }

    @Test("A name is found with and without its revision; an old revision names the new one")
    func names() {
        #expect(DeviceProfile.matching("rpi5") == .raspberryPi5 && DeviceProfile.matching("rpi5@2") == .raspberryPi5)
        #expect(DeviceProfile.matching("rpi") == nil && DeviceProfile.matching("rpi5@1") == nil)
        #expect(throws: EnergyError.self) { try DeviceProfile.find("toaster") }
        #expect {
            _ = try DeviceProfile.find("rpi5@1")
        } throws: {
            "\($0)".contains("use rpi5@2")
        }
    }

    @Test("A user's file is read like a built-in profile, with a radio of its own")
    func file() throws {
        let folder = try SensorFolder()
        var radio = RadioProfile.lora
        radio.name = "my-radio@3"
        var profile = DeviceProfile.cortexM4
        profile.name = "my-node@1"
        profile.radios = [radio, .ble]
        try folder.write("node.json", profile.json.prettyText)
        let read = try DeviceProfile.find("\(folder.path)/node.json")
        #expect(read == profile && read.hardware == "my-node" && read.radio(named: "ble") == .ble)
        #expect(read.radio.name == "my-radio@3" && read.radio(named: "wifi") == nil)
        #expect(throws: EnergyError.self) { try DeviceProfile.find("\(folder.path)/absent.json") }
        try folder.write("bad.json", "{\"name\":")
        #expect {
            _ = try DeviceProfile.find("\(folder.path)/bad.json")
        } throws: {
            ($0 as? EnergyError)?.code == .invalidProfile && "\($0)".contains("bad.json: no JSON")
        }
    }

    @Test(
        "A fault in a profile names the key and what to do",
        arguments: [
            ("power.active", nil, "power.active is missing; add"),
            ("power.active.source", nil, "power.active.source is missing; say where"),
            ("power.active.source", "\"\"", "power.active.source is missing"),
            ("power.active.value", "\"much\"", "power.active.value: expected a number"),
            ("power.active.low", "9", "power.active has bounds that do not enclose"),
            ("power.actve", "1", "power.actve is no key of a profile"),
            ("power.active.vlaue", "1", "power.active.vlaue is no key"),
            ("throughput.int8.low", "0", "throughput.int8 must be above 0"),
            ("throughput.float32", nil, "throughput.float32 is missing"),
            ("storage.bytes.value", "1.5", "storage.bytes must be one whole number"),
            ("ram.reserved.value", "99999999999", "ram.reserved must not exceed bytes"),
            ("radios", "[]", "radios is missing; list at least one"),
            ("radios", "[\"carrier-pigeon\"]", "names \"carrier-pigeon\", which is none of wifi@2"),
            ("radios", "[\"wifi\",\"wifi@2\"]", "has wifi@2 twice"),
            ("radios", "[{\"name\":\"x@1\",\"about\":\"x\"}]", "x@1: send is missing"),
            ("name", "\"my node\"", "name must be [a-z0-9._-]+ with a revision"),
            ("format", "2", "format is 2; this version reads format 1"),
            ("cores", "0", "cores must be a whole number of at least 1"),
        ] as [(String, String?, String)])
    func faults(path: String, value: String?, message: String) throws {
        let document = try document(path, try value.map { try JSONValue(parsing: $0) })
        #expect {
            _ = try DeviceProfile(json: document)
        } throws: {
            let error = try #require($0 as? EnergyError)
            return error.code == .invalidProfile && error.message.contains(message)
        }
    }
}
