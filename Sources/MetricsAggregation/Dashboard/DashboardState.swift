import BusAPI
import JSON
import ModelArtifact
import ServiceHTTP
import ServiceRuntime
import Synchronization
import Telemetry

/// What the dashboard's loops and routes share.
final class DashboardState: Sendable {
    /// The subject of the whole fleet; a device's is its name.
    static let fleet = "fleet"
    /// Events that wait for one page at most: at four a second, half a minute of silence from a browser.
    static let queue = 128

    private struct State {
        var board: FleetBoard
        /// When the connection came or went.
        var bus: (isConnected: Bool, since: Double)
        var watched: Set<DeviceID> = []
    }

    let feed: EventFeed
    /// Devices somebody has begun to look at.
    let arrivals: AsyncStream<DeviceID>
    private let wanted: AsyncStream<DeviceID>.Continuation
    private let state: Mutex<State>
    private let context: ServiceContext
    private let previews: Int
    private let about: JSONValue

    init(settings: DashboardSettings, context: ServiceContext, actions: Bool) {
        self.context = context
        previews = settings.previews
        feed = EventFeed(listeners: settings.listeners, queue: Self.queue)
        state = Mutex(
            State(
                board: FleetBoard(root: context.topics.root, limit: settings.topics), bus: (false, context.now())))
        (arrivals, wanted) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1000))
        about = .object([
            "actions": .bool(actions), "version": .string(ServiceIdentity.version),
            "root": .string(context.topics.root), "instance": .string(context.instance),
        ])
    }

    // MARK: Pages

    /// Lets a page listen to the fleet, and to a device where it shows one; without room for that to the fleet alone.
    func open(device name: String?) -> EventFeed.Opening {
        var device = name.flatMap(DashboardData.device)
        var complaint = name != nil && device == nil ? "this is no site and device" : nil
        // Registered under the lock, so that no change falls between the snapshot and what follows it.
        let opening = state.withLock { state in
            if let watched = device, !state.watched.contains(watched) {
                if state.watched.count < previews {
                    state.watched.insert(watched)
                    wanted.yield(watched)
                } else {
                    complaint = "\(previews) devices are watched already, and dashboard.previews allows no more"
                }
            }
            if complaint != nil { device = nil }
            var greeting = stamp(state)
            greeting["about"] = about
            greeting["signal"] = complaint.map(JSONValue.string)
            let subjects = Set([Self.fleet] + (device.map { [$0.description] } ?? []))
            return feed.open(
                subjects, greeting: Self.event("snapshot", greeting, entries: state.board.snapshot))
        }
        return opening
    }

    /// What every event says: the time here, and whether there is a broker.
    private func stamp(_ state: borrowing State) -> JSONObject {
        [
            "t": .time(context.now()), "bus": .bool(state.bus.isConnected), "busSince": .time(state.bus.since),
        ]
    }

    /// An event with a member `entries` that is text already.
    private static func event(_ name: String, _ stamp: JSONObject, entries: [UInt8]) -> [UInt8] {
        EventFeed.event(
            name, JSONValue.object(stamp).bytes.dropLast() + Array(",\"entries\":".utf8) + entries + [UInt8(ascii: "}")]
        )
    }

    /// Nobody looks at a device any more.
    ///
    /// - Returns: whether that is so.
    func leave(_ device: DeviceID) -> Bool {
        state.withLock { state in
            guard feed.count(of: device.description) == 0 else { return false }
            state.watched.remove(device)
            return true
        }
    }

    // MARK: The bus

    func take(_ messages: [BusMessage]) {
        let now = context.now()
        state.withLock { state in for message in messages { state.board.take(message, now: now) } }
    }

    func set(bus isConnected: Bool) {
        state.withLock { state in
            guard state.bus.isConnected != isConnected else { return }
            state.bus = (isConnected, context.now())
        }
        tick()
    }

    /// Tells pages what changed.
    func sendChanges() {
        let event = state.withLock { state in
            state.board.takeChanges().map { Self.event("change", stamp(state), entries: $0) }
        }
        if let event { feed.send(event, to: Self.fleet) }
    }

    /// Tells pages that we are there although nothing changes.
    func tick() {
        let event = state.withLock { stamp($0) }
        feed.send(EventFeed.event("tick", JSONValue.object(event).bytes), to: Self.fleet)
    }

    /// Tells pages that show a device what was said of it.
    func send(_ message: BusMessage, of device: DeviceID) {
        guard message.payload.count <= FleetBoard.payloadLimit, let topic = context.topics.parse(message.topic) else {
            return
        }
        let payload: JSONValue
        do {
            payload = try JSONValue(parsing: message.payload, maximumBytes: FleetBoard.payloadLimit)
        } catch { return }
        var event = state.withLock { stamp($0) }
        event["topic"] = .string(topic.levels.joined(separator: "/"))
        event["payload"] = payload
        feed.send(EventFeed.event("device", JSONValue.object(event).bytes), to: device.description)
    }

    // MARK: What is known

    var counters: (topics: Int, leftOut: Int) {
        state.withLock { ($0.board.count, $0.board.leftOut) }
    }

    var tasks: [TaskDocument] { state.withLock { $0.board.tasks } }
}
