import Logging
import ModelArtifact
import ServiceRuntime
import Telemetry

/// From a complete download to a student that runs.
extension ReleaseManager {
    func install(_ model: String) async {
        await change(model) { installation, _, _ in installation.collected() }
        guard let download = downloads[model], let installation = models[model],
            case .verifying(let offer) = installation.phase, let release = installation.desired
        else { return }
        do throws(EdgeError) {
            let bytes = try restore(offer, from: download.file, running: installation.running, model, release)
            let runner = try verifier.verify(
                bytes, is: .init(version: release.version, digest: release.digest, length: release.length),
                for: catalog.tasks[model])
            var store =
                if let known = slots[model] { known } else {
                    try SlotStore(model: model, root: slotDirectory)
                }
            // What was asked for by name is not put on trial, nor what nothing can be compared with.
            let limits = release.isRollback || installation.running == nil ? nil : settings.probation
            do throws(EdgeError) {
                try store.install(
                    bytes, version: release.version, digest: release.digest,
                    receipt: installation.receipt(for: offer, now: context.now()), isOnProbation: limits != nil)
            } catch {
                slots[model] = store
                throw error
            }
            slots[model] = store
            await loop.run(runner, provingItself: limits)
            noteInstall(model, offer)
            await change(model) { [store] installation, _, _ in
                store.journal.map { installation.installed(from: offer, $0) } ?? []
            }
        } catch {
            await refuse(model, offer, release, error)
        }
    }

    private func noteInstall(_ model: String, _ offer: OfferMessage) {
        context.board.count("installs")
        context.logger.info(
            "Installed",
            metadata: [
                EdgeLogKeys.model: "\(model)", EdgeLogKeys.version: "\(offer.version)",
                EdgeLogKeys.method: "\(offer.method)", EdgeLogKeys.bytes: "\(offer.content.bytes)",
            ])
    }

    private func refuse(
        _ model: String, _ offer: OfferMessage, _ release: ModelInstallation.Release, _ error: EdgeError
    ) async {
        context.board.count("refusedReleases")
        context.logger.warning(
            "A release is refused",
            metadata: [
                EdgeLogKeys.model: "\(model)", EdgeLogKeys.version: "\(release.version)",
                EdgeLogKeys.reason: "\(error)",
            ])
        if !error.isRetriable {
            rejections.put(
                context.topics.string(.offer(model: model, base: offer.base, target: offer.target)),
                code: "\(error.code)", reason: "\(error)")
        }
        await change(model) { $0.failed("\(error)", isRetriable: error.isRetriable, offers: $1, now: $2) }
    }

    /// The student file that a complete download stands for.
    private func restore(
        _ offer: OfferMessage, from file: ChunkFile, running: ModelInstallation.Running?, _ model: String,
        _ release: ModelInstallation.Release
    ) throws(EdgeError) -> [UInt8] {
        let frame = try file.frame()
        var base: [UInt8]?
        if offer.base != "none" {
            guard let store = slots[model], let journal = store.journal, running?.digest == offer.base else {
                throw EdgeError(.base, "the update starts from \(offer.base.prefix(12)), which does not run here")
            }
            base = try store.load(journal.active).bytes
        }
        do {
            return try unpack(frame, offer, base, release.length)
        } catch {
            throw EdgeError(.malformed, "the frame cannot be unpacked", cause: error)
        }
    }
}
