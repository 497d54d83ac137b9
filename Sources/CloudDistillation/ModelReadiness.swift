import ModelArtifact
import Telemetry

/// What there is to train a model from.
struct ModelReadiness: Sendable, Equatable {
    let task: TaskDocument
    /// Samples by class, as ``TrainingSet/classCounts``.
    let classCounts: [String: Int]
    let sampleCount: Int
    /// Versions whose student this distiller keeps.
    let knownVersions: Set<Int>
    /// Windows with a verdict from elsewhere by the likeliest class, equal ones counted once.
    var answerCounts: [String: Int] = [:]

    /// Why no job can be done, in words that a person can act on; nothing where one can.
    func obstacle(base: Int?, teacher: JobRequest.Teacher = .own, minimumPerClass: Int) -> String? {
        if let base, !knownVersions.contains(base) {
            let known = knownVersions.sorted().map(String.init).joined(separator: ", ")
            return
                "version \(base) of \(task.name) was not made here, so its student cannot be started from; "
                + (known.isEmpty ? "leave `base` out" : "known here: \(known)")
        }
        let isOwn = teacher == .own
        let counts = isOwn ? classCounts : answerCounts
        let what = isOwn ? "labelled windows" : "windows with a verdict"
        func lack(_ classes: [(name: String, counted: String)], of whole: String) -> String? {
            let enough = classes.filter { counts[$0.counted, default: 0] >= minimumPerClass }
            guard enough.count < 2 else { return nil }
            let few = classes.prefix(8).map { "\($0.name) \(counts[$0.counted, default: 0])" }
            return
                "\(enough.count) of \(classes.count) classes of \(whole) have \(minimumPerClass) \(what) "
                + "and 2 must (\(few.joined(separator: ", "))"
                + (classes.count > 8 ? ", ...): " : "): ")
                + (isOwn ? "publish labels for its devices on label/{site}/{device}" : answering)
        }
        switch task.kind {
        case .regression:
            let count = isOwn ? sampleCount : counts.values.reduce(0, +)
            guard count < minimumPerClass * 2 else { return nil }
            return "\(task.name) has \(count) \(what) and needs \(minimumPerClass * 2): "
                + (isOwn ? "publish values for its devices on label/{site}/{device}" : answering)
        case .classification:
            return lack(task.classes.map { ($0.name, $0.name) }, of: task.name)
        case .multiHead:
            for head in task.heads {
                let names = head.classes.map { ($0.name, WindowTarget.countName(head: head.name, $0.name)) }
                if let lacking = lack(names, of: "\(task.name)'s head \(head.name)") { return lacking }
            }
            return nil
        }
    }

    private var answering: String {
        "answer its windows, which come on window/{site}/{device}/\(task.name), on verdict/{site}/{device}/\(task.name)"
    }

    /// Windows of each of ``TaskDocument/countNames`` that the first job waits for.
    static func automaticWindows(_ task: TaskDocument, perClass: Int) -> Int {
        task.kind == .regression ? perClass * 5 : perClass
    }

    /// Whether the first job may start by itself.
    func isReadyForAutomatic(windowsPerClass: Int) -> Bool {
        let needed = Self.automaticWindows(task, perClass: windowsPerClass)
        return task.countNames.allSatisfy { classCounts[$0, default: 0] >= needed }
    }
}
