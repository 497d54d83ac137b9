import Foundation
import Telemetry
import Testing

/// A Sparkplug B node, whose bytes are written here by hand, the bridge, and the edge.
@Suite("Sparkplug B end to end", .serialized)
struct SparkplugTests {
    private static let mapping = #"""
        {"format":1,"sources":[{"name":"sparkplug","topic":"sparkplug/{group}/{node}/{device}",
        "device":"{node}-{device}","decoder":"json","time":{"path":"t","format":"unix-s"},"channels":[
        {"name":"a","path":"Level","timing":"on-change","longestSilence":600},
        {"name":"b","path":"Inputs/C","timing":"on-change","longestSilence":600}]}]}
        """#

    @Test("Data by alias reaches a student through the bridge, which asks for the birth that it missed")
    func bridge() async throws {
        try await ServiceStage.with(foreign: ["spBv1.0/#", "sparkplug/#"]) { stage in
            let file = stage.folder + "/sources.json"
            try Self.mapping.write(toFile: file, atomically: true, encoding: .utf8)
            _ = try await stage.registry()
            _ = try await stage.edge("gw-north", site: "north", ["edge.sources": file])
            _ = try await stage.start("sparkplug-bridge", "sparkplug")
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))

            let start = UInt64(Date().timeIntervalSince1970 * 1000)
            // Data before any birth: the bridge came late.
            try await stage.publish(
                foreign: "spBv1.0/Plant/NDATA/Line 3", Self.payload(start, 7, [Self.alias(1, float: 1)]))
            _ = try await stage.message(named: "spBv1.0/Plant/NCMD/Line 3", "a request for the birth") {
                String(decoding: $0, as: UTF8.self).contains("Node Control/Rebirth")
            }
            try await stage.publish(
                foreign: "spBv1.0/Plant/NBIRTH/Line 3", Self.payload(start, 0, [Self.birth("bdSeq", 0, long: 4)]))
            try await stage.publish(
                foreign: "spBv1.0/Plant/DBIRTH/Line 3/Press",
                Self.payload(start, 1, [Self.birth("Level", 5, float: -1), Self.birth("Inputs/C", 6, boolean: false)]))
            try await stage.publish(
                foreign: "spBv1.0/Plant/DDATA/Line 3/Press", Self.payload(start + 500, 2, [Self.alias(5, float: 1)]))
            _ = try await stage.message(named: "sparkplug/Plant/Line 3/Press", "the value under its name") {
                String(decoding: $0, as: UTF8.self).contains(#""Level":1"#)
            }
            let device = DeviceID(site: "north", device: "line-3-press")
            let inference = try InferenceMessage(
                payload: try await stage.message(
                    on: .inference(device, model: HandmadeStudent.model), "an inference on the press"
                ) {
                    guard case .label(let label, _, _) = try InferenceMessage(payload: $0).decision else {
                        return false
                    }
                    return label == "high"
                })
            #expect(inference.edge == "gw-north")
            try await stage.publish(
                foreign: "spBv1.0/Plant/NDEATH/Line 3", Self.payload(start, nil, [Self.birth("bdSeq", 0, long: 4)]))
            _ = try await stage.message(named: "sparkplug/Plant/Line 3/Press", "the death of its device") {
                String(decoding: $0, as: UTF8.self) == #"{"Inputs/C":null,"Level":null,"online":false}"#
            }
        }
    }

    // MARK: Protocol Buffers by hand

    private static func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    private static func field(_ number: UInt64, varint value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }
    private static func field(_ number: UInt64, bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }
    private static func field(_ number: UInt64, float: Float) -> [UInt8] {
        varint(number << 3 | 5) + withUnsafeBytes(of: float.bitPattern.littleEndian) { Array($0) }
    }

    private static func birth(
        _ name: String, _ alias: UInt64, float: Float? = nil, long: UInt64? = nil, boolean: Bool? = nil
    ) -> [UInt8] {
        var metric = field(1, bytes: Array(name.utf8)) + field(2, varint: alias)
        if let float { metric += field(4, varint: 9) + field(12, float: float) }
        if let long { metric += field(4, varint: 8) + field(11, varint: long) }
        if let boolean { metric += field(4, varint: 11) + field(14, varint: boolean ? 1 : 0) }
        return metric
    }

    private static func alias(_ alias: UInt64, float: Float) -> [UInt8] {
        field(2, varint: alias) + field(12, float: float)
    }

    private static func payload(_ t: UInt64, _ seq: UInt64?, _ metrics: [[UInt8]]) -> [UInt8] {
        field(1, varint: t) + metrics.flatMap { field(2, bytes: $0) } + (seq.map { field(3, varint: $0) } ?? [])
    }
}
