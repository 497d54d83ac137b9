import Telemetry

/// Decisions whose windows asked for a verdict because they were uncertain, until it comes or is too late.
struct PendingVerdicts {
    struct Key: Hashable {
        let model: String
        let device: DeviceID
        let window: WindowID
    }

    struct Entry {
        var decision: InferenceMessage
        var asked: Double
    }

    private let limit: Int
    private let age: Double
    private var entries: [Key: Entry] = [:]
    /// Keys in the order asked; some may be answered already.
    private var order: [Key] = []
    private var first = 0

    /// Questions that were given up.
    private(set) var expired = 0

    init(limit: Int = 4096, age: Double) {
        self.limit = limit
        self.age = age
    }

    var count: Int { entries.count }

    mutating func ask(_ key: Key, _ decision: InferenceMessage, now: Double) {
        expire(now: now)
        if entries.count >= limit { dropOldest() }
        if entries.updateValue(Entry(decision: decision, asked: now), forKey: key) == nil { order.append(key) }
    }

    /// The question that a verdict answers; nothing where none was asked or it is too late.
    mutating func answer(_ key: Key, now: Double) -> Entry? {
        expire(now: now)
        return entries.removeValue(forKey: key)
    }

    mutating func expire(now: Double) {
        while first < order.count {
            guard let entry = entries[order[first]] else {
                first += 1
                continue
            }
            guard now - entry.asked > age else { break }
            dropOldest()
        }
        if first > 1024 {
            order.removeFirst(first)
            first = 0
        }
    }

    private mutating func dropOldest() {
        while first < order.count {
            first += 1
            if entries.removeValue(forKey: order[first - 1]) != nil {
                expired += 1
                return
            }
        }
    }
}
