import SwiftProtobuf
import Testing

@testable import Sparkplug

/// Messages after the examples of the Sparkplug specification 3.0, sections 6.4.19 to 6.4.24, in the bytes that the generated
/// code makes of them.
@Suite("Sparkplug messages") struct SparkplugReaderTests {
    static let node = SparkplugNode(group: "Sparkplug B Devices", node: "Raspberry Pi")
    static let t: UInt64 = 1_486_144_502_122

    static func topic(_ kind: String, device: String? = nil) -> String {
        "spBv1.0/\(node.group)/\(kind)/\(node.node)" + (device.map { "/" + $0 } ?? "")
    }

    static func metric(
        _ name: String?, alias: UInt64? = nil, type: UInt32? = nil, at time: UInt64? = t,
        _ value: Sparkplug_Payload.Metric.OneOf_Value?
    ) -> Sparkplug_Payload.Metric {
        var metric = Sparkplug_Payload.Metric()
        if let name { metric.name = name }
        if let alias { metric.alias = alias }
        if let type { metric.datatype = type }
        if let time { metric.timestamp = time }
        metric.value = value
        return metric
    }

    static func payload(_ metrics: [Sparkplug_Payload.Metric], seq: UInt64?, at time: UInt64? = t) throws -> [UInt8] {
        var payload = Sparkplug_Payload()
        if let time { payload.timestamp = time }
        if let seq { payload.seq = seq }
        payload.metrics = metrics
        return try payload.serializedBytes()
    }

    static func born() throws -> SparkplugReader {
        var reader = SparkplugReader()
        _ = try reader.read(
            topic: topic("NBIRTH"),
            payload: payload(
                [
                    metric("bdSeq", type: 8, .longValue(3)),
                    metric("Node Control/Rebirth", type: 11, .booleanValue(false)),
                    metric("Supply Voltage", alias: 1, type: 9, .floatValue(12.1)),
                ], seq: 0))
        _ = try reader.read(
            topic: topic("DBIRTH", device: "Pibrella"),
            payload: payload(
                [
                    metric("Inputs/A", alias: 10, type: 11, .booleanValue(false)),
                    metric("Inputs/C", alias: 11, type: 11, .booleanValue(false)),
                    metric("Level", alias: 12, type: 2, .intValue(0xFFFF_FFF6)),
                ], seq: 1))
        return reader
    }

    @Test("A birth names the metrics and says their values; a date and a text are none")
    func births() throws {
        var reader = SparkplugReader()
        let updates = try reader.read(
            topic: Self.topic("NBIRTH"),
            payload: Self.payload(
                [
                    Self.metric("bdSeq", type: 8, .longValue(3)),
                    Self.metric("Supply Voltage", type: 9, .floatValue(12.5)),
                    Self.metric("Started", type: 13, .longValue(Self.t)),
                    Self.metric("Small", type: 1, .intValue(0xFF)), Self.metric("Big", type: 8, .longValue(1 << 40)),
                    Self.metric("Minus", type: 4, .longValue(UInt64(bitPattern: -7))),
                    Self.metric("Earlier", type: 10, at: Self.t - 5000, .doubleValue(4.25)),
                    Self.metric("NotANumber", type: 10, .doubleValue(.nan)),
                ], seq: 0))
        #expect(
            updates == [
                .init(node: Self.node, device: nil, t: 1_486_144_497.122, values: ["Earlier": 4.25]),
                .init(
                    node: Self.node, device: nil, t: 1_486_144_502.122,
                    values: ["Supply Voltage": 12.5, "Small": -1, "Big": Double(1 << 40), "Minus": -7],
                    isOnline: true),
            ])
        #expect(reader.takeRebirths(now: 0).isEmpty)
    }

    @Test("Data by alias alone has the birth's names and types")
    func aliases() throws {
        var reader = try Self.born()
        let updates = try reader.read(
            topic: Self.topic("DDATA", device: "Pibrella"),
            payload: Self.payload(
                [
                    Self.metric(nil, alias: 10, .booleanValue(true)), Self.metric(nil, alias: 12, .intValue(0xFFFE)),
                ], seq: 2))
        #expect(
            updates == [
                .init(
                    node: Self.node, device: "Pibrella", t: 1_486_144_502.122, values: ["Inputs/A": 1, "Level": -2])
            ])
        #expect(
            try reader.read(
                topic: Self.topic("NDATA"),
                payload: Self.payload([Self.metric(nil, alias: 1, .floatValue(12.25))], seq: 3)
            ).first?.values == ["Supply Voltage": 12.25])
        #expect(reader.takeRebirths(now: 0).isEmpty)
    }

    @Test("Who was not heard to be born, a lost message and an unknown alias are asked about, at most every 30 s")
    func rebirths() throws {
        var reader = SparkplugReader()
        let data = try Self.payload([Self.metric(nil, alias: 10, .booleanValue(true))], seq: 7)
        #expect {
            try reader.read(topic: Self.topic("DDATA", device: "Pibrella"), payload: data)
        } throws: {
            ($0 as? SparkplugError)?.code == .unborn
        }
        let commands = reader.takeRebirths(now: 1000)
        #expect(commands.map(\.topic) == ["spBv1.0/Sparkplug B Devices/NCMD/Raspberry Pi"])
        let command = try Sparkplug_Payload(serializedBytes: try #require(commands.first).payload)
        #expect(command.metrics.first?.name == "Node Control/Rebirth" && command.metrics.first?.booleanValue == true)
        #expect(throws: SparkplugError.self) {
            try reader.read(topic: Self.topic("DDATA", device: "Pibrella"), payload: data)
        }
        #expect(reader.takeRebirths(now: 1010).isEmpty && reader.takeRebirths(now: 1031).count == 1)

        reader = try Self.born()
        let later = try Self.payload([Self.metric(nil, alias: 10, .booleanValue(true))], seq: 5)
        let updates = try reader.read(topic: Self.topic("DDATA", device: "Pibrella"), payload: later)
        // What came is used; what was lost is asked for.
        #expect(updates.first?.values == ["Inputs/A": 1] && reader.takeRebirths(now: 0).count == 1)

        reader = try Self.born()
        let unknown = try Self.payload([Self.metric(nil, alias: 99, .booleanValue(true))], seq: 2)
        #expect(try reader.read(topic: Self.topic("NDATA"), payload: unknown).isEmpty)
        #expect(reader.takeRebirths(now: 0).count == 1)
    }

    @Test("Numbers go round after 255, and data of a device that was not born is asked about")
    func sequence() throws {
        var reader = try Self.born()
        for number in 2..<600 {
            _ = try reader.read(
                topic: Self.topic("NDATA"),
                payload: Self.payload([Self.metric(nil, alias: 1, .floatValue(12))], seq: UInt64(number % 256)))
        }
        #expect(reader.takeRebirths(now: 0).isEmpty)
        let data = try Self.payload([Self.metric("X", .floatValue(1))], seq: 88)
        #expect(throws: SparkplugError.self) {
            try reader.read(topic: Self.topic("DDATA", device: "Other"), payload: data)
        }
    }

    @Test("A node's death is that of its devices; one of an earlier session is none")
    func deaths() throws {
        var reader = try Self.born()
        func death(_ number: UInt64) throws -> [SparkplugReader.Update] {
            try reader.read(
                topic: Self.topic("NDEATH"),
                payload: Self.payload([Self.metric("bdSeq", type: 8, .longValue(number))], seq: nil))
        }
        #expect(try death(2).isEmpty)
        #expect(
            try death(3) == [
                .init(
                    node: Self.node, device: "Pibrella", t: nil, values: [:], lost: ["Inputs/A", "Inputs/C", "Level"],
                    isOnline: false),
                .init(
                    node: Self.node, device: nil, t: nil, values: [:],
                    lost: ["Node Control/Rebirth", "Supply Voltage"], isOnline: false),
            ])
        #expect(try death(3).isEmpty)

        reader = try Self.born()
        let payload = try Self.payload([], seq: 2)
        let updates = try reader.read(topic: Self.topic("DDEATH", device: "Pibrella"), payload: payload)
        #expect(updates.map(\.isOnline) == [false] && updates.first?.t == 1_486_144_502.122)
        #expect(throws: SparkplugError.self) {
            try reader.read(topic: Self.topic("DDATA", device: "Pibrella"), payload: payload)
        }
    }

    @Test("What is no Sparkplug is refused or passed over, and changes nothing")
    func hostile() throws {
        var reader = try Self.born()
        for topic in ["spBv1.0/g/NCMD/n", "spBv1.0/STATE/host", "spBv1.0/g/DDATA/n", "spBv1.0/g/NDATA/n/d", "a/b", ""] {
            #expect(try reader.read(topic: topic, payload: [1, 2, 3]).isEmpty)
        }
        var random = SystemRandomNumberGenerator()
        for length in 1..<400 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try? reader.read(topic: Self.topic("NDATA"), payload: bytes)
        }
        #expect(throws: SparkplugError.self) {
            try reader.read(topic: Self.topic("NBIRTH"), payload: Self.payload([], seq: 5))
        }
        #expect(throws: SparkplugError.self) {
            try reader.read(topic: Self.topic("NDATA"), payload: [UInt8](repeating: 0, count: 5 << 20))
        }
        let data = try Self.payload([Self.metric(nil, alias: 1, .floatValue(12.25))], seq: 3)
        #expect(try reader.read(topic: Self.topic("NDATA"), payload: data).first?.values == ["Supply Voltage": 12.25])
    }
}
