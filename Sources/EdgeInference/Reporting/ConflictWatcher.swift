import BusAPI
import JSON
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Notices other edges that serve the same site, or that take the same publishers for theirs: each device would be answered
/// for twice.
///
/// Edges say which site they serve in their retained status; the watcher reads those and the edges' availability.
/// Consumers count the lower edge id, which the status names too.
actor ConflictWatcher: Service {
    /// Other edges remembered at most.
    private static let limit = 1000

    private struct Other {
        var site: String?
        /// Filters of its sources that give their devices the edge's own site.
        var filters: Set<String> = []
        var isOnline = false
    }

    private let settings: EdgeSettings
    private let context: ServiceContext
    private let rejections: Rejections
    private var others: [String: Other] = [:]
    private var conflicts: [String] = []
    private var shared: [String] = []

    init(settings: EdgeSettings, context: ServiceContext, rejections: Rejections) {
        self.settings = settings
        self.context = context
        self.rejections = rejections
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await self.work()
            } catch let error as BusError where error.code == .closed {}
        }
    }

    private func work() async throws(BusError) {
        let topics = context.topics
        let subscription = try await context.bus.subscribe(
            to: [
                BusFilter(topics.filter("status", context.executable, "+")),
                BusFilter(topics.filter("availability", "service", context.executable, "+")),
            ], limit: 4096, overflow: .dropOldest)
        while let batch = await subscription.next() { receive(batch) }
    }

    func receive(_ batch: [BusMessage]) {
        for message in batch {
            switch context.topics.parse(message.topic) {
            case .status(_, let instance) where instance != context.instance:
                guard !message.payload.isEmpty else {
                    others[instance] = nil
                    continue
                }
                do throws(JSONError) {
                    let status = try StatusMessage(payload: message.payload)
                    let filters = status.details["sources"]?.elements?.compactMap(\.string) ?? []
                    change(instance) {
                        $0.site = status.details["site"]?.string
                        $0.filters = Set(filters)
                    }
                } catch {
                    rejections.put(message.topic, code: "\(error.code)", reason: "\(error)")
                }
            case .serviceAvailability(_, let instance) where instance != context.instance:
                change(instance) { $0.isOnline = message.payload == Array("online".utf8) }
            default: continue
            }
        }
        show()
        showShared()
    }

    private func change(_ instance: String, _ body: (inout Other) -> Void) {
        guard others[instance] != nil || others.count < Self.limit else { return }
        body(&others[instance, default: Other()])
    }

    private func show() {
        let found = others.filter { $0.value.isOnline && $0.value.site == settings.site }.keys.sorted()
        guard found != conflicts else { return }
        conflicts = found
        defer { context.board.publishSoon() }
        guard !found.isEmpty else {
            context.board.set("conflicts", nil)
            return
        }
        context.board.set(
            "conflicts",
            .object([
                "edges": .array(found.map(JSONValue.string)),
                "counts": .string(([context.instance] + found).min() ?? context.instance),
            ]))
        context.logger.warning(
            "Another edge serves the same site; consumers count the lower edge id",
            metadata: [EdgeLogKeys.site: "\(settings.site)", EdgeLogKeys.edge: "\(found.joined(separator: ", "))"])
    }

    /// Edges of other sites for which the same publishers' devices are theirs.
    private func showShared() {
        let own = Set(settings.sources?.siteFreeFilters ?? [])
        let found = others.filter {
            $0.value.isOnline && $0.value.site != settings.site && !$0.value.filters.isDisjoint(with: own)
        }.keys.sorted()
        guard found != shared else { return }
        shared = found
        defer { context.board.publishSoon() }
        context.board.set("sharedSources", found.isEmpty ? nil : .array(found.map(JSONValue.string)))
        guard !found.isEmpty else { return }
        context.logger.warning(
            "An edge of another site takes the same publishers; give the sources a site, or each edge its own topics",
            metadata: [EdgeLogKeys.edge: "\(found.joined(separator: ", "))"])
    }
}
