import CoreMetrics
import ServiceRuntime
import Testing

@Suite("Metrics")
struct OpenMetricsTests {
    @Test("Counters, gauges, summaries and histograms are written as OpenMetrics wants them")
    func text() {
        let factory = OpenMetricsFactory()
        Counter(label: "edge.windows_total", dimensions: [("result", "a\"b\\\n")], factory: factory).increment(by: 3)
        Counter(label: "edge.windows_total", dimensions: [("result", "a\"b\\\n")], factory: factory).increment()
        Meter(label: "queue.depth", factory: factory).set(2.5)
        Recorder(label: "batch", dimensions: [], aggregate: true, factory: factory).record(4)
        let timer = Timer(label: "latency", factory: factory)
        timer.recordNanoseconds(200_000)
        timer.recordNanoseconds(1_000_000_000_000)
        let lines = factory.text.split(separator: "\n").map(String.init)
        #expect(lines.contains("# TYPE edge_windows counter"))
        #expect(lines.contains(#"edge_windows_total{result="a\"b\\\n"} 4"#))
        #expect(lines.contains("queue_depth 2.5") && lines.contains("# TYPE queue_depth gauge"))
        #expect(lines.contains("batch_count 1") && lines.contains("batch_sum 4"))
        #expect(lines.contains(#"latency_bucket{le="0.0001"} 0"#) && lines.contains(#"latency_bucket{le="0.00025"} 1"#))
        #expect(lines.contains(#"latency_bucket{le="100.0"} 1"#) && lines.contains(#"latency_bucket{le="+Inf"} 2"#))
        #expect(lines.contains("latency_count 2") && lines.last == "# EOF")
    }

    @Test("Series beyond the bound, and a second kind of one name, are counted and left out")
    func bounds() {
        let factory = OpenMetricsFactory(limit: 2)
        for i in 0..<5 { Counter(label: "x", dimensions: [("device", "\(i)")], factory: factory).increment() }
        Meter(label: "x", factory: factory).set(1)
        let text = factory.text
        #expect(text.contains("x_total{device=\"1\"} 1") && !text.contains("device=\"2\""))
        #expect(text.contains("retort_metric_series_refused_total 4"))
    }

    @Test("A destroyed metric is no longer written")
    func destroyed() {
        let factory = OpenMetricsFactory()
        let counter = Counter(label: "gone", factory: factory)
        counter.increment()
        #expect(factory.text.contains("gone_total 1"))
        counter.destroy()
        #expect(factory.text == "# EOF\n")
    }
}
