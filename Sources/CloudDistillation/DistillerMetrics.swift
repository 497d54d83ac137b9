import Metrics
import ServiceRuntime
import Synchronization
import Telemetry

/// What the distiller counts, holds and spends, as metrics.
final class DistillerMetrics: Sendable {
    /// Counters of the status board, by metric.
    private static let counters: [(String, String, String)] = [
        ("received", "received_messages", "Tasks, windows, labels and verdicts received"),
        ("rejected", "rejected_messages", "Payloads that could not be used"),
        ("rejectsUnsent", "unsent_rejects", "Words on reject/ that the broker did not take"),
        ("intakeDropped", "dropped_messages", "Messages dropped because too many waited"),
        ("windows", "windows", "Windows taken for training"),
        ("windowsRepeated", "repeated_windows", "Windows that had come before"),
        ("windowsRevised", "revised_windows", "Windows that a changed task no longer trains from"),
        ("windowsExpired", "expired_windows", "Windows removed for their age or for want of room"),
        ("windowsUnstored", "unstored_windows", "Windows that the database refused"),
        ("evaluationRefused", "refused_evaluation_windows", "Windows of evaluation devices that wanted to train"),
        ("labels", "labels", "Labels taken, corrected or withdrawn"),
        ("labelsExpired", "expired_labels", "Labels removed for want of room"),
        ("verdicts", "verdicts", "Windows answered by the teacher"),
        ("unanswered", "unanswered_windows", "Windows that wanted a verdict and got none"),
        ("verdictsDropped", "dropped_windows", "Windows that wanted a verdict, dropped because too many waited"),
        ("verdictsTaken", "taken_verdicts", "Verdicts of other teachers that train"),
        ("verdictsOutdated", "outdated_verdicts", "Verdicts of other teachers older than one that is known"),
        ("verdictsUnjoined", "unjoined_verdicts", "Verdicts of other teachers on windows that are not held"),
        ("candidatesSent", "sent_candidates", "Candidates sent to the registry, repeats included"),
        ("candidatesAccepted", "accepted_candidates", "Candidates that the registry made a version of"),
        ("candidatesRefused", "refused_candidates", "Candidates that the registry refused"),
        ("progressUnsent", "unsent_progress", "Words on job/ that the broker did not take"),
        ("storageErrors", "storage_errors", "Failures of the database"),
    ]

    /// Entries of the status board that go up and down.
    private static let gauges = [
        "jobsWaiting": MetricDefinition(.gauge, "retort_distiller_jobs_waiting", "Jobs that wait for their turn"),
        "windowsWithoutValues": MetricDefinition(
            .gauge, "retort_distiller_valueless_windows", "Windows of the last job whose values were not stored"),
    ]

    private static let verdictTime = MetricDefinition(
        .histogram, "retort_distiller_verdict_seconds", "Time from a window's arrival to its verdict with the broker")

    private struct State {
        /// Seconds in each phase, of jobs under way.
        var known: [String: [String: Double]] = [:]
        var seconds: [String: Double] = [:]
        var ended: [JobProgress.Phase: Int] = [:]

        mutating func count(_ progress: JobProgress) {
            if let before = known[progress.id] {
                for (phase, spent) in progress.seconds where spent > before[phase] ?? 0 {
                    seconds[phase, default: 0] += spent - (before[phase] ?? 0)
                }
            }
            known[progress.id] = progress.seconds
        }
    }

    private let state = Mutex(State())
    private let verdicts: Timer

    init(_ factory: OpenMetricsFactory) {
        factory.define([Self.verdictTime])
        factory.name(
            counters: Dictionary(
                uniqueKeysWithValues: Self.counters.map {
                    ($0.0, MetricDefinition(.counter, "retort_distiller_\($0.1)", $0.2))
                }))
        factory.name(counters: Self.gauges)
        verdicts = Timer(label: Self.verdictTime.name, factory: factory)
    }

    /// A window that wanted a verdict got it.
    func answered(after time: Duration) { verdicts.record(duration: time) }

    /// Counts the seconds that a job's progress says for the first time; those of an earlier process are not ours.
    func note(_ progress: JobProgress) {
        guard progress.phase != .done, progress.phase != .failed else { return }
        state.withLock { $0.count(progress) }
    }

    /// Counts a job that has ended, once.
    func ended(_ progress: JobProgress) {
        state.withLock { state in
            state.count(progress)
            state.known[progress.id] = nil
            state.ended[progress.phase, default: 0] += 1
        }
    }

    /// Wall time of jobs since the start, by phase.
    var jobSeconds: [String: Double] { state.withLock { $0.seconds } }

    /// Of jobs: what they spent and how they ended.
    private var jobFamilies: [MetricFamily] {
        let state = state.withLock { $0 }
        var seconds = MetricFamily(
            MetricDefinition(.counter, "retort_distiller_job_seconds", "Wall time of jobs, by phase"))
        for (phase, spent) in state.seconds.sorted(by: { $0.key < $1.key }) { seconds.add(spent, ["phase": phase]) }
        var ended = MetricFamily(
            MetricDefinition(.counter, "retort_distiller_jobs_ended", "Jobs that ended, by how"))
        for phase in [JobProgress.Phase.done, .failed] {
            ended.add(Double(state.ended[phase] ?? 0), ["phase": phase.rawValue])
        }
        return [seconds, ended]
    }

    /// Has what is held asked for at every scrape.
    func register(
        _ desk: JobDesk, _ collection: WindowCollection, _ queue: VerdictQueue, with factory: OpenMetricsFactory
    ) {
        factory.collect { [self] in
            var held = MetricFamily(
                MetricDefinition(.gauge, "retort_distiller_held_windows", "Windows held for training"))
            var labelled = MetricFamily(
                MetricDefinition(
                    .gauge, "retort_distiller_labelled_windows", "Distinct windows with a label, by class; 0 too"))
            var answers = MetricFamily(
                MetricDefinition(.gauge, "retort_distiller_answered_windows", "Windows held with a teacher's answer"))
            for model in await collection.models {
                guard let figures = await collection.figures(model) else { continue }
                held.add(Double(figures.windows), ["model": model])
                answers.add(Double(figures.answered), ["model": model])
                for (name, count) in figures.classes { labelled.add(Double(count), ["model": model, "class": name]) }
            }
            var jobs = MetricFamily(
                MetricDefinition(.gauge, "retort_distiller_jobs", "Jobs that have not ended, by phase"))
            for (phase, count) in await desk.openJobs { jobs.add(Double(count), ["phase": phase.rawValue]) }
            return jobFamilies + [
                held, labelled, answers, jobs,
                MetricFamily(
                    MetricDefinition(
                        .gauge, "retort_distiller_waiting_windows", "Windows that wait for the teacher's verdict"),
                    Double(queue.depth)),
            ]
        }
    }
}

extension JobDesk {
    /// Jobs that have not ended, by phase; every phase that a job can be in.
    var openJobs: [(phase: JobProgress.Phase, count: Int)] {
        let open = unfinished
        return JobProgress.Phase.allCases.filter { $0 != .done && $0 != .failed }.map { phase in
            (phase, open.count { $0.progress.phase == phase })
        }
    }
}

extension WindowCollection {
    /// How much of a model there is.
    func figures(_ model: String) -> (windows: Int, answered: Int, classes: [(name: String, count: Int)])? {
        sets[model].map { set in
            (
                set.windowCount, set.answers.count,
                set.task.countNames.map { (name: $0, count: set.classCounts[$0, default: 0]) }
            )
        }
    }
}
