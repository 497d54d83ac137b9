import Inference
import JSON
import ModelArtifact
import ModelExchange
import Telemetry

@testable import ModelDelta

/// What takes bytes from others. Each must end with a value or an error: libFuzzer watches for everything else.
enum Reader: String, CaseIterable {
    case students, floats, onnx, deltas, residuals, messages, payloads

    nonisolated(unsafe) static var chosen = Reader.students

    func read(_ bytes: [UInt8]) {
        switch self {
        case .students: Self.student(bytes)
        case .floats: Self.floats(bytes)
        case .onnx: _ = try? ONNXImport(bytes)
        case .deltas: Self.delta(bytes)
        case .residuals:
            let base = SeedStudents.deltaBase
            _ = try? WeightResidual.apply(bytes, to: base, digest: ContentDigest(of: base), maximumBytes: 1 << 16)
        case .messages: Self.message(bytes)
        case .payloads: Self.payload(bytes)
        }
    }

    /// What was read is sound: it runs, and can be written as anything.
    private static func student(_ bytes: [UInt8]) {
        guard let student = try? Student(decoding: bytes), student.spec.multiplyAccumulates < 1 << 20 else { return }
        precondition((try? Student(decoding: student.encode())) == student, "what is written reads back the same")
        let window = [UInt8](repeating: 200, count: student.spec.samples * student.spec.channels)
        _ = try? InferenceEngine(student).logits(quantised: window)
        _ = try? CExport(student)
        _ = try? TFLiteExport.quantised(student)
    }

    private static func floats(_ bytes: [UInt8]) {
        guard let network = try? FloatNetwork(decoding: bytes), network.spec.multiplyAccumulates < 1 << 20 else {
            return
        }
        let window = [Float](repeating: 2, count: network.spec.samples * network.spec.channels)
        _ = try? FloatEngine(network).logits(window)
    }

    private static func delta(_ bytes: [UInt8]) {
        guard let frame = try? DeltaFrame(bytes) else { return }
        _ = try? DeltaCodec.decode(frame, base: SeedStudents.deltaBase, maximumBytes: 1 << 16)
    }

    private static func message(_ bytes: [UInt8]) {
        guard let json = try? JSONValue(parsing: bytes, maximumBytes: 1 << 16) else { return }
        // Fractions and exponents may be written otherwise, and are then the same number.
        precondition((try? JSONValue(parsing: json.bytes)) != nil, "what is written can be read")
        let types: [any MessagePayload.Type] = [
            TelemetryMessage.self, LabelMessage.self, InferenceMessage.self, WindowMessage.self, VerdictMessage.self,
            EnergyMessage.self, StatusMessage.self, JobRequest.self, CandidateMessage.self, OfferMessage.self,
            InstalledMessage.self, ReleaseMessage.self, StateMessage.self, AccuracyMessage.self, RejectMessage.self,
        ]
        for type in types {
            guard let message = try? type.init(json: json) else { continue }
            precondition((try? type.init(payload: message.payload)) != nil, "what is written reads back")
        }
        _ = try? TaskDocument(json: json)
        _ = try? NetworkSpec(json: json)
        _ = try? SourcesDocument(json: json)
    }

    /// By every decoder.
    private static func payload(_ bytes: [UInt8]) {
        for name in ["json", "value", "senml-json", "senml-cbor", "int16", "float32"] {
            _ = try? publishers.read(
                topic: name == "value" ? "value/device/x" : "\(name)/device", payload: bytes, arrival: 1_760_000_000)
        }
    }

    private nonisolated(unsafe) static var publishers: SourceReader = {
        guard let document = try? SourcesDocument(file: Array(sources.utf8)) else {
            preconditionFailure("the sources below are sound")
        }
        return SourceReader(document, site: "site")
    }()

    private static let sources = #"""
        {"format":1,"sources":[
          {"name":"a","topic":"json/{device}","decoder":"json","time":{"path":"t","format":"iso8601"},
           "channels":[{"name":"x","path":"a.b[0]","timing":"periodic","rate":1},
                       {"name":"y","values":{"ON":1,"OFF":0},"timing":"on-change","longestSilence":60}]},
          {"name":"b","topic":"value/{device}/{sensor}","decoder":"value","key":"{sensor}",
           "channels":[{"name":"x","timing":"periodic","rate":1}]},
          {"name":"c","topic":"senml-json/{g}","device":"{bn}","decoder":"senml-json",
           "channels":[{"name":"x","timing":"periodic","rate":1}]},
          {"name":"d","topic":"senml-cbor/{g}","device":"{bn}","decoder":"senml-cbor",
           "channels":[{"name":"x","timing":"periodic","rate":1}]},
          {"name":"e","topic":"int16/{device}","decoder":"int16","dt":0.02,"channels":[{"name":"x"},{"name":"y"}]},
          {"name":"f","topic":"float32/{device}","decoder":"float32","dt":0.02,"channels":[{"name":"x"}]}]}
        """#
}
