import BusTesting
import CoreMetrics
import Logging
import Telemetry
import Testing

@testable import ServiceRuntime

@Suite("Metrics")
struct OpenMetricsTests {
    private func context() -> ServiceContext {
        ServiceContext(
            executable: "model-registry", instance: "registry", bus: InMemoryBroker().connect("a"),
            topics: TopicSpace(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            board: StatusBoard(), now: { 1.76e9 }, stateDirectory: "/tmp", boot: "c41e")
    }

    private func lines(_ context: ServiceContext, accept: String? = "application/openmetrics-text") async -> [String] {
        await context.metricsPage(accept: accept).text.split(separator: "\n").map(String.init)
    }

    @Test("Counters, gauges and histograms are written as OpenMetrics wants them")
    func text() async {
        let context = context()
        let factory = context.metrics
        Counter(label: "edge.windows_total", dimensions: [("result", "a\"b\\\n")], factory: factory).increment(by: 3)
        Counter(label: "edge.windows_total", dimensions: [("result", "a\"b\\\n")], factory: factory).increment()
        Meter(label: "queue.depth", factory: factory).set(2.5)
        let timer = Timer(label: "latency_seconds", factory: factory)
        timer.recordNanoseconds(200_000)
        timer.recordNanoseconds(1_000_000_000_000)
        let lines = await lines(context)
        #expect(lines.contains("# TYPE edge_windows counter"))
        #expect(lines.contains(#"edge_windows_total{result="a\"b\\\n"} 4"#))
        #expect(lines.contains("queue_depth 2.5") && lines.contains("# TYPE queue_depth gauge"))
        #expect(lines.contains("# UNIT latency_seconds seconds"))
        #expect(
            lines.contains(#"latency_seconds_bucket{le="0.0001"} 0"#)
                && lines.contains(#"latency_seconds_bucket{le="0.00025"} 1"#))
        #expect(
            lines.contains(#"latency_seconds_bucket{le="100.0"} 1"#)
                && lines.contains(#"latency_seconds_bucket{le="+Inf"} 2"#))
        #expect(lines.contains("latency_seconds_count 2") && lines.last == "# EOF")
        #expect(
            lines.contains(
                "retort_build_info{executable=\"model-registry\",service_instance=\"registry\",version=\"0.1.0\"} 1"))
        #expect(lines.contains("process_start_time_seconds 1760000000"))
    }

    @Test("What is defined is described before it first counts, and what is collected is asked for at each scrape")
    func collected() async {
        let context = context()
        let calls = Calls()
        context.metrics.define([MetricDefinition(.counter, "things_bytes", "What \"things\" weigh\nin all")])
        context.metrics.collect {
            var family = MetricFamily(MetricDefinition(.gauge, "calls", "How often it was asked"))
            family.add(Double(await calls.next()), ["of": "x"])
            family.add(nil, ["of": "unknown"])
            return [family]
        }
        let first = await lines(context)
        #expect(first.contains("# UNIT things_bytes bytes"))
        #expect(first.contains(#"# HELP things_bytes What \"things\" weigh\nin all"#))
        #expect(first.contains("calls{of=\"x\"} 1") && !first.contains { $0.contains("unknown") })
        #expect(await lines(context).contains("calls{of=\"x\"} 2"))
    }

    @Test("Counters of the status board have metrics of their own from 0 on, and others share one")
    func board() async {
        let context = context()
        context.metrics.name(counters: ["chunksSent": MetricDefinition(.counter, "sent_chunks", "Chunks sent")])
        #expect(await lines(context).contains("sent_chunks_total 0"))
        context.board.count("chunksSent", by: 7)
        context.board.count("odd", by: 2)
        let lines = await lines(context)
        #expect(lines.contains("sent_chunks_total 7") && lines.contains("retort_status_total{counter=\"odd\"} 2"))
        #expect(!lines.contains { $0.contains("chunksSent") })
    }

    @Test("The older format says the same without units and end, with a counter's whole name")
    func older() async {
        let context = context()
        context.metrics.define([MetricDefinition(.counter, "things_bytes", "A \"quoted\" help")])
        let lines = await lines(context, accept: nil)
        #expect(lines.contains("# TYPE things_bytes_total counter"))
        #expect(lines.contains("# HELP things_bytes_total A \"quoted\" help"))
        #expect(lines.contains("# TYPE retort_build_info gauge"))
        #expect(!lines.contains("# EOF") && !lines.contains { $0.hasPrefix("# UNIT") })
    }

    @Test(
        "The format is what the request prefers, and the older one where it does not know OpenMetrics",
        arguments: [
            (nil, MetricsFormat.prometheusText), ("*/*", .prometheusText), ("text/html, */*;q=0.8", .prometheusText),
            ("application/openmetrics-text", .openMetrics),
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
            ),
            ("application/openmetrics-text; q=0.2, text/plain; q=0.9", .prometheusText),
            ("Application/OpenMetrics-Text ; Q=0.7, text/plain;q=0.3", .openMetrics),
            ("application/openmetrics-text;q=0", .prometheusText),
        ] as [(String?, MetricsFormat)])
    func negotiation(accept: String?, format: MetricsFormat) {
        #expect(MetricsFormat(accept: accept) == format)
    }

    @Test("Series beyond the bound, and a second kind of one name, are counted and left out")
    func bounds() async {
        var context = context()
        context.metrics = OpenMetricsFactory(limit: 2)
        for i in 0..<5 {
            Counter(label: "x", dimensions: [("device", "\(i)")], factory: context.metrics).increment()
        }
        Meter(label: "x", factory: context.metrics).set(1)
        let lines = await lines(context)
        #expect(lines.contains("x_total{device=\"1\"} 1") && !lines.contains { $0.contains("device=\"2\"") })
        #expect(lines.contains("retort_metric_series_refused_total 4"))
    }

    @Test("A destroyed metric is no longer written")
    func destroyed() async {
        let context = context()
        let counter = Counter(label: "gone", factory: context.metrics)
        counter.increment()
        #expect(await lines(context).contains("gone_total 1"))
        counter.destroy()
        #expect(await !lines(context).contains("gone_total 1"))
    }

    private actor Calls {
        private var count = 0
        func next() -> Int {
            count += 1
            return count
        }
    }
}
