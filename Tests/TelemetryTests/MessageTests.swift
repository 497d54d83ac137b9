import JSON
import Testing

@testable import Telemetry

private let t = 1_760_000_000.25
private let digest = String(repeating: "0af3", count: 16)
private let content = ChunkedBytes(frame: digest, bytes: 20_000, chunkSize: 16_384, chunks: [digest, digest])

/// A message with its type hidden, so that one table holds them all.
private struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let payload: [UInt8]
    /// Keys that must be there.
    let required: [String]
    /// Whether reading the payload gives the message back.
    let roundTrips: @Sendable () throws -> Bool
    let read: @Sendable ([UInt8]) throws -> Void

    init<Message: MessagePayload>(_ message: Message, _ required: String...) {
        name = "\(Message.self)"
        payload = message.payload
        self.required = required
        roundTrips = { try Message(payload: message.payload) == message }
        read = { _ = try Message(payload: $0) }
    }

    var testDescription: String { name }
}

private let samples: [Sample] = [
    Sample(
        AlertMessage(
            t: t, state: .raised, since: t, value: 0.25, threshold: 0.5, unit: "s", message: "what is wrong"),
        "t", "state", "since", "message"),
    Sample(LabelMessage(t: t, id: "a-1", from: t, to: t + 60, content: .label("walking")), "t", "id", "from", "to"),
    Sample(LabelMessage(t: t, id: "a-1", from: t, to: t + 60, content: .value(612.4)), "t", "id", "from", "to"),
    Sample(LabelMessage(t: t, id: "a-1", from: t, to: t + 60, content: .withdrawn), "t", "id", "from", "to", "label"),
    Sample(
        LabelMessage(t: t, id: "a-1", from: t, to: t + 60, content: .heads(["valve": "73", "pump": "0"])), "t", "id",
        "from", "to"),
    Sample(
        InferenceMessage(
            t: t, window: "d@1760000000.000", from: t, to: t + 5, edge: "gw-1", version: 7,
            decision: .heads([
                HeadDecision(head: "valve", label: "73", superclass: "worn", confidence: 0.9),
                HeadDecision(head: "pump", label: "0", confidence: 0.75),
            ]), latencyMicroseconds: 41.5),
        "t", "window", "decidedBy", "latencyUs"),
    Sample(
        InferenceMessage(
            t: t, window: "d@1760000000.000", from: t, to: t + 5, edge: "gw-1", version: 7,
            decision: .value(612.5, unit: "ppm", standardDeviation: 18), latencyMicroseconds: 41.5),
        "t", "window"),
    Sample(
        VerdictMessage(
            t: t, window: "d@1760000000.000", from: t, to: t + 5, teacher: "t1",
            content: .heads([.init(head: "valve", label: "73", probabilities: [0.25, 0.75])])),
        "t", "window", "teacher"),
    Sample(
        StateMessage(t: t, heads: [HeadDecision(head: "pump", label: "0", confidence: 0.75)], version: 2), "t",
        "version"),
    Sample(
        InferenceMessage(
            t: t, window: "d@1760000000.000", from: t, to: t + 5, edge: "gw-1", version: 7,
            decision: .label("walking", superclass: "locomotion", confidence: 0.914), filledChannels: ["ax"],
            latencyMicroseconds: 41.5, resent: true),
        "t", "window", "from", "to", "edge", "version", "revision", "label", "confidence", "decidedBy", "latencyUs"),
    Sample(
        InferenceMessage(
            t: t, window: "d@1760000000.000", from: t, to: t + 5, edge: "gw-1", version: 7, revision: 1,
            decision: .value(612.4, unit: "ppm", standardDeviation: 18), decidedBy: .cloud, latencyMicroseconds: 1),
        "t", "window", "version", "revision", "decidedBy"),
    Sample(
        StateMessage(t: t, label: "walking", superclass: "locomotion", confidence: 0.5, version: 3), "t", "version"),
    Sample(StateMessage(t: t, value: 3.25, unit: "ppm", version: 3), "t", "version"),
    Sample(
        WindowMessage(
            t: t, window: "d@1760000000.000", from: t, to: t + 5, edge: "gw-1", reason: .uncertain, want: .verdict,
            channels: ["a", "b"], values: [1.5, -2, 3.25, .pi], filledChannels: ["b"], resent: true),
        "t", "window", "from", "to", "edge", "reason", "want", "channels", "values"),
    Sample(
        VerdictMessage(
            t: t, window: "d@1760000000.000", from: t, to: t + 5, teacher: digest,
            content: .probabilities([0.25, 0.75], label: "b")),
        "t", "window", "from", "to", "teacher", "probabilities", "label"),
    Sample(
        VerdictMessage(t: t, window: "d@1760000000.000", from: t, to: t + 5, teacher: digest, content: .value(1.5)),
        "t", "window", "value"),
    Sample(
        StatusMessage(
            t: t, session: "s", boot: "b", version: "1", host: "h", started: t - 5, counters: ["received": 3],
            details: ["devices": .integer(28), "data": .string("x")]),
        "t", "session", "boot", "version", "host", "started", "counters"),
    Sample(
        EnergyMessage(
            t: t, since: t - 60, boot: "c41e", inferences: 3, multiplyAccumulates: 99,
            joules: [
                "compute": .init(
                    value: 0.21, low: 0.14, high: 0.31, method: .modelled, meter: "cpu-time", profile: "rpi5@2"),
                "host": .init(value: 5, low: 5, high: 5, method: .measured, scope: "board"),
            ]),
        "t", "since", "boot", "inferences", "macs", "joules"),
    Sample(
        JobRequest(
            t: t, id: "j-1", model: "m", distiller: "d", base: 2, teacher: .verdicts, retrainTeacher: true, seed: 7),
        "t", "id", "model"),
    Sample(JobRequest(t: t, id: "j-1", model: "m"), "t", "id", "model"),
    Sample(
        JobProgress(
            t: t, id: "j-1", model: "m", distiller: "d", phase: .student, fraction: 0.5, loss: 1.25, secondsLeft: 12.5,
            seconds: ["teacher": 30.5], resumedFrom: 4, candidate: digest, reason: "r"),
        "t", "id", "model", "distiller", "phase", "fraction"),
    Sample(
        CandidateMessage(
            t: t, model: "m", digest: digest, size: 15_000, content: content, job: "j", distiller: "d", base: digest,
            report: ["windows": .integer(3)]),
        "t", "model", "digest", "size", "frame", "bytes", "chunkSize", "chunks", "job", "distiller"),
    Sample(CandidateResult(t: t, digest: digest, state: .accepted, version: 2), "t", "digest", "state"),
    Sample(CandidateResult(t: t, digest: digest, state: .refused, reason: "golden"), "t", "digest", "state"),
    Sample(
        ReleaseMessage(
            t: t, model: "m", version: 2, previous: 1, digest: digest, size: 9, parameters: 8, multiplyAccumulates: 7,
            compressedBytes: 6, report: ["a": .bool(true)]),
        "t", "model", "version", "digest", "size", "parameters", "macs", "compressedBytes"),
    Sample(
        InstalledMessage(
            t: t, state: .downloading, running: 6, digest: digest, desired: 7, previous: 5, method: "residual",
            bytes: 2140, chunksHave: 3, chunks: 5, seconds: 1.5, refused: [.init(version: 4, reason: "golden")]),
        "t", "state"),
    Sample(
        OfferMessage(
            t: t, model: "m", base: "none", target: digest, version: 2, method: "full", content: content),
        "t", "model", "base", "target", "version", "method", "frame", "bytes", "chunkSize", "chunks"),
    Sample(
        NeedMessage(
            t: t, model: "m", edge: "gw-1", base: digest, target: digest, frame: digest, missing: [0..<2, 5..<6]),
        "t", "model", "edge", "base", "target"),
    Sample(
        NeedMessage(t: t, model: "m", edge: "gw-1", base: "none", target: digest, frame: nil, missing: []),
        "t", "model"),
    Sample(
        RejectMessage(t: t, topic: "a/b", code: "malformed", reason: "r", count: 3),
        "t", "topic", "code", "reason", "count"),
]

@Suite("Messages of the bus")
struct MessageTests {
    @Test("Every message reads back as it was written", arguments: samples)
    private func roundTrip(sample: Sample) throws {
        #expect(try sample.roundTrips())
    }

    @Test("Keys that are not known are ignored", arguments: samples)
    private func unknownKeys(sample: Sample) throws {
        guard case .object(var object) = try JSONValue(parsing: sample.payload) else { return }
        object["somethingNew"] = .array([.string("x")])
        try sample.read(JSONValue.object(object).bytes)
    }

    @Test("A missing key is named; one of another type is refused", arguments: samples)
    private func missing(sample: Sample) throws {
        guard case .object(let object) = try JSONValue(parsing: sample.payload) else { return }
        for key in sample.required {
            var without = object
            without[key] = nil
            let error = #expect(throws: JSONError.self, "\(key)") { try sample.read(JSONValue.object(without).bytes) }
            #expect(error?.message.contains(key) == true || key == "value", "\(key): \(error?.message ?? "none")")
            var wrong = object
            wrong[key] = .array([.array([])])
            #expect(throws: JSONError.self, "\(key)") { try sample.read(JSONValue.object(wrong).bytes) }
        }
    }

    @Test("No message is read from other documents or broken text", arguments: samples)
    private func broken(sample: Sample) {
        for text in ["", "null", "[]", "3", "{", "{}", "\u{FEFF}{}"] {
            #expect(throws: JSONError.self, "\(text)") { try sample.read(Array(text.utf8)) }
        }
        for cut in stride(from: 1, to: sample.payload.count, by: 7) {
            #expect(throws: JSONError.self) { try sample.read(Array(sample.payload.prefix(cut))) }
        }
        #expect(throws: JSONError.self) { try sample.read(sample.payload + [0x20, 0xFF]) }
    }

    @Test("Absurd times are refused", arguments: samples)
    private func times(sample: Sample) throws {
        guard case .object(let object) = try JSONValue(parsing: sample.payload) else { return }
        for time in [-1, 0, 946_684_799, 4_102_444_801, 1.76e12] {
            var wrong = object
            wrong["t"] = JSONValue(exactly: time)
            #expect(throws: JSONError.self) { try sample.read(JSONValue.object(wrong).bytes) }
        }
    }

    @Test(
        "Parts that disagree are refused",
        arguments: [
            ("label", #"{"t":1760000000,"id":"x","from":1760000060,"to":1760000060,"label":"a"}"#),
            ("label", #"{"t":1760000000,"id":"","from":1760000000,"to":1760000060,"label":"a"}"#),
            ("label", #"{"t":1760000000,"id":"x","from":1760000000,"to":1760000060,"label":3}"#),
            (
                "window",
                #"{"t":1760000000,"window":"d@1760000000.000","from":1760000000,"to":1760000005,"edge":"g","#
                    + #""reason":"sample","want":"verdict","channels":["a"],"encoding":"f32le","values":"AACAfw=="}"#
            ),
            (
                "window",
                #"{"t":1760000000,"window":"d@1760000000.000","from":1760000000,"to":1760000005,"edge":"g","#
                    + #""reason":"sample","want":"verdict","channels":["a"],"encoding":"f32le","values":"AAA="}"#
            ),
            (
                "window",
                #"{"t":1760000000,"window":"d@1760000000.000","from":1760000000,"to":1760000005,"edge":"g","#
                    + #""reason":"whim","want":"verdict","channels":["a"],"values":[[1]]}"#
            ),
            (
                "window",
                #"{"t":1760000000,"window":"d@1760000000.000","from":1760000000,"to":1760000005,"edge":"g","#
                    + #""reason":"sample","want":"verdict","channels":["a","b"],"values":[[1]]}"#
            ),
            ("need", #"{"t":1760000000,"model":"m","edge":"g","base":"none","target":"x","missing":[[3,2]]}"#),
            ("need", #"{"t":1760000000,"model":"m","edge":"g","base":"none","target":"x","missing":[[0,9e9]]}"#),
            ("job", #"{"t":1760000000,"id":"A B","model":"m"}"#),
            ("job", #"{"t":1760000000,"id":"a","model":"m","base":0}"#),
        ])
    func disagreeing(kind: String, text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: JSONError.self) {
            switch kind {
            case "label": _ = try LabelMessage(payload: bytes)
            case "window": _ = try WindowMessage(payload: bytes)
            case "need": _ = try NeedMessage(payload: bytes)
            default: _ = try JobRequest(payload: bytes)
            }
        }
    }

    @Test("Chunk hashes must cover the bytes exactly")
    func chunks() throws {
        for (bytes, count) in [(16_384, 2), (32_769, 2), (1, 0)] {
            let offer = OfferMessage(
                t: t, model: "m", base: "none", target: digest, version: 1, method: "full",
                content: ChunkedBytes(
                    frame: digest, bytes: bytes, chunkSize: 16_384, chunks: Array(repeating: digest, count: count)))
            #expect(throws: JSONError.self) { _ = try OfferMessage(payload: offer.payload) }
        }
        var upper = OfferMessage(
            t: t, model: "m", base: "none", target: digest, version: 1, method: "full", content: content)
        upper.content.frame = digest.uppercased()
        #expect(throws: JSONError.self) { _ = try OfferMessage(payload: upper.payload) }
    }

    @Test("A label scores the windows it covers wholly")
    func covers() {
        let label = LabelMessage(t: t, id: "x", from: 100, to: 160, content: .label("a"))
        #expect(label.covers(from: 100, to: 105) && label.covers(from: 155, to: 160))
        #expect(!label.covers(from: 99.9, to: 104.9) && !label.covers(from: 155.1, to: 160.1))
        #expect(label.overlaps(from: 159, to: 164) && !label.overlaps(from: 160, to: 165))
    }
}
