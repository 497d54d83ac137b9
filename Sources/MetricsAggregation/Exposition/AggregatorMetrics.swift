import Metrics
import ServiceRuntime

/// What the aggregator counts of itself.
struct AggregatorMetrics: Sendable {
    private static let storing = MetricDefinition(
        .histogram, "retort_aggregator_store_seconds", "Time that a write to the database took")
    private static let waiting = MetricDefinition(
        .gauge, "retort_aggregator_waiting_messages", "Messages received and not yet counted, by queue")

    /// Counters of the status board, by metric.
    private static let counters: [(String, String, String)] = [
        ("received", "received_messages", "Messages taken to be counted"),
        ("published", "published_messages", "Retained summaries published"),
        ("decisions", "decisions", "Decisions counted, revisions included"),
        ("verdicts", "verdicts", "Verdicts of the teacher counted"),
        ("truths", "truths", "Truths taken"),
        ("labels", "labels", "Labels taken"),
        ("duplicates", "duplicates", "Messages that said again what was counted"),
        ("late", "late", "Messages about windows too old to change"),
        ("conflicts", "conflicts", "Decisions of a second edge on a device, not counted"),
        ("recalls", "recalls", "Times that old windows were read back for what came late"),
        ("recalled", "recalled", "Late words that had to wait for old windows to be read back"),
        ("labelsGiven", "dashboard_labels", "Labels given on the dashboard"),
        ("jobsAsked", "dashboard_jobs", "Training jobs asked for on the dashboard"),
        ("dashboardLeftOut", "dashboard_left_out", "Messages that the dashboard left out for want of room"),
        ("dashboardListenersDropped", "dashboard_dropped_listeners", "Pages that were too slow to be told what is new"),
        ("storesFailed", "store_failures", "Writes that the database refused"),
        ("rejected", "rejected_messages", "Payloads that could not be counted"),
        ("rejectsUnsent", "unsent_rejects", "Words on reject/ that the broker did not take"),
        ("alertsUnread", "unread_messages", "Messages that say nothing to alerts because they cannot be read"),
    ]

    /// Time that a write to the database took.
    let storeTime: Timer
    /// Messages received and not yet counted: decisions, and what scores them.
    let waitingDecisions: Gauge
    let waitingOthers: Gauge

    init(_ factory: OpenMetricsFactory) {
        factory.define([Self.storing, Self.waiting])
        factory.name(
            counters: Dictionary(
                uniqueKeysWithValues: Self.counters.map {
                    ($0.0, MetricDefinition(.counter, "retort_aggregator_\($0.1)", $0.2))
                }))
        storeTime = Timer(label: Self.storing.name, factory: factory)
        waitingDecisions = Gauge(
            label: Self.waiting.name, dimensions: [("queue", "decisions")], factory: factory)
        waitingOthers = Gauge(label: Self.waiting.name, dimensions: [("queue", "others")], factory: factory)
    }
}
