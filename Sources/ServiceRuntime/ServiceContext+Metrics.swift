import BusAPI
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ServiceContext {
    /// The answer to a scrape: what the service, its status board, its bus and its process count.
    ///
    /// - Parameter accept: the request's header of that name.
    public func metricsPage(accept: String?) async -> (contentType: String, text: String) {
        let format = MetricsFormat(accept: accept)
        var build = MetricFamily(
            MetricDefinition(.info, "retort_build", "Which executable answers, under which name, and its version"))
        build.add(
            1, ["executable": executable, "service_instance": instance, "version": ServiceIdentity.version])
        let families = await metrics.families() + [build] + boardFamilies + busFamilies + processFamilies
        return (format.contentType, format.page(families.sorted { $0.definition.name < $1.definition.name }))
    }

    /// Counters with metrics of their own, which begin at 0, and all others under one name.
    private var boardFamilies: [MetricFamily] {
        let counters = board.counters
        let named = metrics.counterNames
        var families = named.map { MetricFamily($0.value, Double(counters[$0.key] ?? 0)) }
        var others = MetricFamily(
            MetricDefinition(.counter, "retort_status", "Counters of status/ that have no metric of their own"))
        for (name, count) in counters.sorted(by: { $0.key < $1.key }) where named[name] == nil {
            others.add(Double(count), ["counter": name])
        }
        families.append(others)
        return families
    }

    private var busFamilies: [MetricFamily] {
        let bus = bus.statistics
        let counts: [(String, String, Int)] = [
            ("received_messages", "Messages received from the broker", bus.received),
            ("received_bytes", "Payload received from the broker", bus.receivedBytes),
            ("published_messages", "Messages that the broker took", bus.published),
            ("published_bytes", "Payload that the broker took", bus.publishedBytes),
            ("dropped_messages", "Messages dropped because a subscription's queue was full", bus.dropped),
            ("reconnects", "Connections made anew after one was lost", bus.reconnects),
        ]
        return counts.map { MetricFamily(MetricDefinition(.counter, "retort_bus_\($0.0)", $0.1), Double($0.2)) }
    }

    /// Under the names that every Prometheus client gives them.
    private var processFamilies: [MetricFamily] {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return [
            MetricFamily(
                MetricDefinition(.counter, "process_cpu_seconds", "Processor time of all threads"),
                Double(time.tv_sec) + Double(time.tv_nsec) / 1e9),
            MetricFamily(
                MetricDefinition(.gauge, "process_resident_memory_bytes", "Memory that is resident"), Self.resident),
            MetricFamily(
                MetricDefinition(
                    .gauge, "process_start_time_seconds", "Unix time at which the process was made ready"), started),
        ]
    }

    /// Linux alone says it.
    private static var resident: Double? {
        guard let bytes = try? StateDirectory.read("/proc/self/statm", limit: 200) else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }
}
