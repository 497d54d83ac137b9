public import ModelArtifact
public import Telemetry

/// A label as a person gives it on the command line, checked against what the fleet knows.
public struct LabelDraft: Sendable, Equatable {
    public var device: DeviceID
    public var message: LabelMessage

    /// - Parameters:
    ///   - device: `SITE/DEVICE`.
    ///   - label: the class; a number where `isValue`.
    ///   - withdraw: id of the label to take back; then `label` is not given.
    ///   - id: nothing makes one of device and time.
    ///   - from, to: Unix seconds or ISO 8601; both or `last`.
    ///   - last: seconds before now.
    /// - Throws: ``FleetConsoleError`` `.invalidOption` that says what to do.
    public init(
        device: String, label: String?, isValue: Bool = false, withdraw: String? = nil, id: String? = nil,
        from: String? = nil, to: String? = nil, last: Double? = nil, now: Double
    ) throws(FleetConsoleError) {
        func refuse(_ message: String) -> FleetConsoleError { FleetConsoleError(.invalidOption, message) }
        let parts = device.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(Slug.isValid) else {
            throw refuse("\"\(device)\" names no device: write SITE/DEVICE, as `retort devices` lists them")
        }
        self.device = DeviceID(site: parts[0], device: parts[1])
        let content: LabelMessage.Content
        switch (label, withdraw) {
        case (nil, nil): throw refuse("give a label, or --withdraw and the id of one")
        case (.some, .some): throw refuse("a label is either given or withdrawn, not both")
        case (nil, .some): content = .withdrawn
        case (let label?, nil) where isValue:
            guard let value = Double(label), value.isFinite else {
                throw refuse("--value needs a number, not \"\(label)\"")
            }
            content = .value(value)
        case (let label?, nil) where label.contains("="):
            content = .heads(try Self.heads(label))
        case (let label?, nil):
            guard !label.isEmpty, label.utf8.count <= 128 else { throw refuse("a label has 1 to 128 bytes") }
            content = .label(label)
        }
        let interval = try Self.interval(from, to, last, isWithdrawal: withdraw != nil, now: now)
        let name = withdraw ?? id ?? "\(parts[1])-\(Int(now * 1000))"
        guard !name.isEmpty, name.utf8.count <= 256 else { throw refuse("an id has 1 to 256 bytes") }
        message = LabelMessage(
            t: now, id: name, from: interval.lowerBound, to: interval.upperBound, content: content)
    }

    /// The class of each head: `valve=73,pump=0`.
    static func heads(_ text: String) throws(FleetConsoleError) -> [String: String] {
        var heads: [String: String] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, !pair[0].isEmpty, !pair[1].isEmpty,
                heads.updateValue(pair[1], forKey: pair[0]) == nil
            else {
                throw FleetConsoleError(
                    .invalidOption, "\"\(text)\" gives no classes of heads: write HEAD=CLASS,HEAD=CLASS")
            }
        }
        return heads
    }

    private static func interval(
        _ from: String?, _ to: String?, _ last: Double?, isWithdrawal: Bool, now: Double
    ) throws(FleetConsoleError) -> Range<Double> {
        func refuse(_ message: String) -> FleetConsoleError { FleetConsoleError(.invalidOption, message) }
        func time(_ text: String, _ option: String) throws(FleetConsoleError) -> Double {
            guard let seconds = Double(text) ?? Timestamp.parse(iso8601: text), plausibleTimes.contains(seconds) else {
                throw refuse("\(option): \"\(text)\" is no time; write Unix seconds or 2026-05-04T10:00:00Z")
            }
            return seconds
        }
        switch (from, to, last) {
        case (nil, nil, let last?):
            guard last > 0, last <= 366 * 86_400 else { throw refuse("--last needs seconds above 0, not \(last)") }
            return now - last..<now
        case (let from?, let to?, nil):
            let start = try time(from, "--from")
            let end = try time(to, "--to")
            guard start < end else { throw refuse("--to must lie after --from") }
            return start..<end
        // Whoever knows the id knows its interval: any will do.
        case (nil, nil, nil) where isWithdrawal: return now - 1..<now
        default: throw refuse("say when: --from and --to, or --last SECONDS")
        }
    }

    /// Why no task of the device can use the label; nothing where one can, or where no task is known.
    public func complaint(_ tasks: [TaskDocument]) -> String? {
        let own = tasks.filter { $0.covers(site: device.site, device: device.device) }
        switch message.content {
        case .withdrawn: return nil
        case .value:
            guard !own.isEmpty, !own.contains(where: { $0.kind == .regression }) else { return nil }
            return "no task of \(device) predicts a value; leave --value out to give a class"
        case .heads(let heads):
            let known = own.flatMap(\.heads)
            guard !known.isEmpty else { return nil }
            for (name, label) in heads.sorted(by: { $0.key < $1.key }) {
                guard let head = known.first(where: { $0.name == name }) else {
                    return "\"\(name)\" is no head of the tasks of \(device): use one of "
                        + "\(known.map(\.name).joined(separator: ", ")), or --force"
                }
                guard !head.classes.contains(where: { $0.name == label }) else { continue }
                return "\"\(label)\" is no class of \(name): use one of "
                    + "\(head.classes.map(\.name).joined(separator: ", ")), or --force"
            }
            return nil
        case .label(let label):
            let classes = own.flatMap(\.classes).map(\.name)
            guard !classes.isEmpty, !classes.contains(label) else { return nil }
            return "\"\(label)\" is no class of the tasks of \(device): use one of "
                + "\(Set(classes).sorted().joined(separator: ", ")), or --force"
        }
    }
}
