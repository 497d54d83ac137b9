import Logging
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
            try store.install(bytes, version: release.version, digest: release.digest)
            slots[model] = store
            await loop.run(runner)
            context.board.count("installs")
            context.logger.info(
                "Installed",
                metadata: [
                    EdgeLogKeys.model: "\(model)", EdgeLogKeys.version: "\(release.version)",
                    EdgeLogKeys.method: "\(offer.method)", EdgeLogKeys.bytes: "\(offer.content.bytes)",
                ])
            await change(model) { installation, _, now in
                installation.installed(
                    .init(version: release.version, digest: release.digest), from: offer, now: now)
            }
        } catch {
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
            await change(model) {
                $0.failed("\(error)", isRetriable: error.isRetriable, offers: $1, now: $2)
            }
        }
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
            return try unpack(frame, base, release.length)
        } catch {
            throw EdgeError(.malformed, "the frame cannot be unpacked", cause: error)
        }
    }
}
