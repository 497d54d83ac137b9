import Telemetry

/// Asks a person for a task, one thing after the other, with what devices were heard to send as the defaults.
public struct TaskInterview {
    private let survey: TelemetrySurvey
    /// Shows a question and returns the answer; nothing at the end of the input.
    private let ask: (String) -> String?

    public init(survey: TelemetrySurvey, ask: @escaping (String) -> String?) {
        self.survey = survey
        self.ask = ask
    }

    /// - Throws: ``FleetConsoleError`` `.invalidOption` where the answers end too soon, or make no task.
    public func draft() throws(FleetConsoleError) -> TaskDraft {
        var draft = TaskDraft()
        draft.name = try answer("Name of the task, as gesture", nil, Slug.isValid)
        let heard = survey.devices.sorted { $0.key < $1.key }
        let devices = try answer(
            "Devices (site/device, * for any; several with spaces)", heard.first?.key.description)
        draft.devices = devices.split(separator: " ").map(String.init)
        let device = heard.first { $0.key.description == draft.devices.first } ?? heard.first
        let channels = try answer(
            "Channels, with units if you like, as ax:m/s2 (several with spaces)",
            device?.value.channels.joined(separator: " "))
        draft.channels = channels.split(separator: " ").map(String.init)
        let rate = try answer("Samples a second", device?.value.rate.map { "\($0)" }) { (Double($0) ?? 0) > 0 }
        draft.rate = Double(rate)
        let learnt = try answer("Classes, separated by commas; or one number to predict, as co2:ppm", nil)
        let classes = learnt.split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }.map(String.init)
        if classes.count > 1 { draft.classes = classes } else { draft.target = learnt }
        draft.window = try answer("Window, in seconds or samples", "2s")
        return draft
    }

    private func answer(
        _ question: String, _ fallback: String?, _ isGood: (String) -> Bool = { _ in true }
    ) throws(FleetConsoleError) -> String {
        for _ in 0..<5 {
            guard let given = ask(question + (fallback.map { " [\($0)]" } ?? "") + ": ") else { break }
            let text = given.trimming { $0 == " " }
            if text.isEmpty, let fallback, !fallback.isEmpty { return fallback }
            if !text.isEmpty, isGood(text) { return text }
        }
        throw FleetConsoleError(
            .invalidOption, "no answer to \"\(question)\"; flags say the same: retort models create --help")
    }
}

extension String {
    fileprivate func trimming(_ isSpace: (Character) -> Bool) -> String {
        var text = self[...]
        while let first = text.first, isSpace(first) { text.removeFirst() }
        while let last = text.last, isSpace(last) { text.removeLast() }
        return String(text)
    }
}
