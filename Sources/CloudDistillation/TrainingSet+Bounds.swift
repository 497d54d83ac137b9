extension TrainingSet {
    /// Removes what the limits no longer allow: windows that waited too long for a label, then by count and bytes.
    mutating func evict(now: Double, changes: inout [Change]) {
        let deadline = now - limits.unlabelledDays * 86_400
        while let entry = oldestIdle(), entry.arrived < deadline { expire(entry, changes: &changes) }
        while windowCount > limits.windows || bytes > limits.bytes {
            guard let entry = oldestIdle() ?? oldestTeaching() else { break }
            expire(entry, changes: &changes)
        }
        if queue.count > 2 * windowCount + 4096 {
            let entries = self
            queue.compact { entries.live($0) != nil }
        }
    }

    /// The oldest window that teaches nothing; places on the way that are stale, or teach by now, are dealt with.
    private mutating func oldestIdle() -> Entry? {
        while let place = queue.peekIdle() {
            if let entry = live(place) {
                guard isSoleCarrier(entry) else { return entry }
                // The window it repeated is gone.
                queue.append(place.key, stamp: place.stamp, isIdle: false)
            }
            _ = queue.popIdle()
        }
        return nil
    }

    private mutating func oldestTeaching() -> Entry? {
        while let place = queue.popTeaching() {
            if let entry = live(place) { return entry }
        }
        return nil
    }

    private func live(_ place: EvictionQueue.Place) -> Entry? {
        guard let entry = entry(place.key), entry.stamp == place.stamp else { return nil }
        return entry
    }

    private mutating func expire(_ entry: Entry, changes: inout [Change]) {
        remove(entry.key, changes: &changes)
        expired += 1
    }
}
