public import ModelArtifact
import Telemetry

/// A task as a person gives it in words: on the command line, or asked for one after the other.
public struct TaskDraft: Sendable, Equatable {
    public var name = ""
    /// `ax` or `ax:m/s2`.
    public var channels: [String] = []
    /// Samples a second.
    public var rate: Double?
    /// `2s`, or a number of samples.
    public var window = "2s"
    /// Half the window if `nil`.
    public var step: String?
    /// `walking`, or with its superclass `walking:locomotion`.
    public var classes: [String] = []
    /// What is predicted, with its unit: `co2:ppm`.
    public var target: String?
    /// Several heads: `valve:optimal,lag,failure`.
    public var heads: [String] = []
    /// Groups of three channels that are one vector: `ax,ay,az`.
    public var axes: [String] = []
    /// `site/device` patterns.
    public var devices: [String] = []
    public var evaluationDevices: [String] = []
    public var missingChannel = TaskDocument.MissingChannelPolicy.refuse
    public var profile = "x86-gateway"
    public var parameters = 4000
    public var bytes = 16_384

    public init() {}

    /// The task, checked.
    ///
    /// - Throws: ``FleetConsoleError`` `.invalidOption` that names what is missing or wrong.
    public func task() throws(FleetConsoleError) -> TaskDocument {
        func refuse(_ message: String) -> FleetConsoleError { FleetConsoleError(.invalidOption, message) }
        guard let rate, rate > 0, rate.isFinite else {
            throw refuse("--rate: how many samples a second come is needed")
        }
        guard !channels.isEmpty else { throw refuse("--channel: name the channels, as ax:m/s2") }
        let kinds = [!classes.isEmpty, target != nil, !heads.isEmpty].filter { $0 }.count
        guard kinds == 1 else {
            throw refuse("say what is to be learnt: either --class, twice or more, or --target NAME:UNIT, or --head")
        }
        let window = try Self.samples(window, rate, "--window")
        var task = TaskDocument(
            name: name, kind: target != nil ? .regression : heads.isEmpty ? .classification : .multiHead,
            channels: channels.map(Self.channel), rate: rate, window: window,
            step: try step.map { (step) throws(FleetConsoleError) in try Self.samples(step, rate, "--step") }
                ?? max(1, window / 2),
            classes: classes.map(Self.classEntry), target: target.map(Self.channel), missingChannel: missingChannel,
            axes: axes.map { $0.split(separator: ",").map(String.init) },
            devices: devices.isEmpty ? ["*/*"] : devices, evaluationDevices: evaluationDevices,
            student: .init(profile: profile, parameters: parameters, bytes: bytes))
        for head in heads {
            let (name, rest) = Self.pair(head)
            task.heads.append(
                .init(name: name, classes: (rest ?? "").split(separator: ",").map { .init(name: String($0)) }))
        }
        // The rules are the document's own.
        do { return try TaskDocument(json: task.json) } catch { throw refuse("\(error)") }
    }

    private static func pair(_ text: String) -> (String, String?) {
        guard let colon = text.firstIndex(of: ":") else { return (text, nil) }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    private static func channel(_ text: String) -> TaskDocument.Channel {
        let (name, unit) = pair(text)
        return TaskDocument.Channel(name: name, unit: unit ?? "")
    }

    private static func classEntry(_ text: String) -> TaskDocument.Class {
        let (name, superclass) = pair(text)
        return TaskDocument.Class(name: name, superclass: superclass)
    }

    private static func samples(_ text: String, _ rate: Double, _ option: String) throws(FleetConsoleError) -> Int {
        if text.hasSuffix("s"), let seconds = Double(text.dropLast()), seconds > 0, seconds * rate < 1e6 {
            return max(1, Int((seconds * rate).rounded()))
        }
        if let samples = Int(text), samples > 0 { return samples }
        throw FleetConsoleError(.invalidOption, "\(option): \(text) is neither samples (100) nor seconds (5s)")
    }
}
