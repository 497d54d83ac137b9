import Logging
import ServiceRuntime
import Telemetry

/// Back to the student in the other slot: because it is desired, or because the new one did badly.
extension ReleaseManager {
    /// Switches to the student in the other slot, which is the desired one.
    func restore(_ model: String) async {
        do throws(EdgeError) {
            guard var store = slots[model], let journal = store.journal else {
                throw EdgeError(.damaged, "\(model) has no slots")
            }
            let runner = try load(store, journal.active.other)
            try store.fallBack()
            slots[model] = store
            await loop.run(runner)
            context.board.count("installs")
            context.logger.notice(
                "Back to the student kept on disk",
                metadata: [EdgeLogKeys.model: "\(model)", EdgeLogKeys.version: "\(journal.otherEntry?.version ?? 0)"])
            await change(model) { [store] installation, _, now in
                store.journal.map { installation.restored($0, now: now) } ?? []
            }
        } catch {
            await change(model) { $0.cannotRestore("\(error)", offers: $1, now: $2) }
        }
    }

    /// Writes down how a probation ended; the loop has done what follows from it already.
    func end(_ end: ProbationRun.End) async {
        // A student that was replaced meanwhile is no longer of interest.
        guard var store = slots[end.model], store.journal?.activeEntry?.digest == end.digest else { return }
        do throws(EdgeError) {
            switch end.verdict {
            case .proven: try store.setProbation(starts: nil)
            case .failed(let reason): try store.fallBack(because: noteReturn(end.model, store, reason))
            }
        } catch {
            // The next process finds the journal as it was, and tries again.
            context.board.count("storageErrors")
            context.logger.error(
                "The end of a probation cannot be stored",
                metadata: [EdgeLogKeys.model: "\(end.model)", EdgeLogKeys.error: "\(error)"])
        }
        slots[end.model] = store
        guard let journal = store.journal else { return }
        await change(end.model) { installation, offers, now in
            if case .proven = end.verdict { return installation.proven() }
            return installation.returned(journal, offers: offers, now: now)
        }
    }

    /// - Returns: what is said of the student that did badly.
    private func noteReturn(_ model: String, _ store: SlotStore, _ reason: String) -> String {
        let (bad, good) = (store.journal?.activeEntry?.version ?? 0, store.journal?.otherEntry?.version ?? 0)
        let words = "version \(bad) went back to \(good) during its probation: \(reason)"
        context.board.count("returns")
        context.logger.warning(
            "A new student did badly; the one before runs again",
            metadata: [EdgeLogKeys.model: "\(model)", EdgeLogKeys.reason: "\(words)"])
        return words
    }
}
