import BusAPI
import Logging
import ServiceRuntime
import Telemetry

/// Fetching the chunks of an offer.
extension ReleaseManager {
    /// Subscribes to a frame's chunks and takes them until the download ends.
    func collect(_ collection: Collection) async {
        let (model, frame) = (collection.model, collection.frame)
        guard downloads[model]?.file.content.frame == frame, downloads[model]?.subscription == nil else { return }
        let subscription: BusSubscription
        do throws(BusError) {
            subscription = try await context.bus.subscribe(
                to: [BusFilter(context.topics.filter("chunk", frame, "+"))], limit: 4096, overflow: .dropNewest)
        } catch {
            context.logger.warning("Chunks cannot be subscribed to", metadata: [EdgeLogKeys.error: "\(error)"])
            await change(model) { $0.failed("\(error)", isRetriable: true, offers: $1, now: $2) }
            return
        }
        guard let file = downloads[model]?.file, file.content.frame == frame else {
            subscription.cancel()
            return
        }
        downloads[model]?.subscription = subscription
        let (have, missing) = (file.count, file.missing)
        models[model]?.subscribed(frame, have: have, missing: missing, now: context.now())
        if file.isComplete { await install(model) }
        while let batch = await subscription.next() { await receive(chunks: batch, model: model, frame: frame) }
    }

    private func receive(chunks batch: [BusMessage], model: String, frame: String) async {
        for message in batch where !message.payload.isEmpty {
            traffic.received(message.topic.utf8.count + message.payload.count, .updates)
            guard let file = downloads[model]?.file, file.content.frame == frame else { return }
            guard case .chunk(frame, let index)? = context.topics.parse(message.topic) else { continue }
            do throws(EdgeError) {
                guard try file.put(message.payload, at: index) else {
                    models[model]?.receivedAgain()
                    continue
                }
                context.board.count("chunks")
                let (have, missing) = (file.count, file.missing)
                models[model]?.received(frame, have: have, missing: missing, now: context.now())
            } catch {
                guard error.code == .digest else {
                    context.board.count("storageErrors")
                    await change(model) { $0.failed("\(error)", isRetriable: true, offers: $1, now: $2) }
                    return
                }
                rejections.put(message.topic, code: "\(error.code)", reason: error.message)
                await receivedBad(error.message, model)
                if downloads[model]?.file.content.frame != frame { return }
            }
        }
        guard let download = downloads[model], download.file.content.frame == frame else { return }
        if download.file.isComplete {
            await install(model)
        } else if context.now() - download.reported >= 1 {
            downloads[model]?.reported = context.now()
            report(model)
        }
    }

    private func receivedBad(_ reason: String, _ model: String) async {
        var isHopeless = false
        await change(model) { installation, _, _ in
            let (actions, isEnough) = installation.receivedBadChunk("\(reason); it is asked for again")
            isHopeless = isEnough
            return actions
        }
        guard isHopeless, case .collecting(let offer)? = models[model]?.phase else { return }
        let words = "its chunks are not those that were offered"
        rejections.put(
            context.topics.string(.offer(model: model, base: offer.base, target: offer.target)), code: "digest",
            reason: words)
        await change(model) { $0.failed(words, isRetriable: false, offers: $1, now: $2) }
    }

    /// Notes bytes of a whole file that are about to be fetched, also for the next process.
    func charge(_ bytes: Int) {
        fullDownloads.charge(bytes, now: context.now())
        guard case .bytesPerDay = fullDownloads.policy else { return }
        do throws(EdgeError) { try directory.replace(FullDownloads.name, with: fullDownloads.file) } catch {
            context.board.count("storageErrors")
            context.logger.error("Whole downloads cannot be noted", metadata: [EdgeLogKeys.error: "\(error)"])
        }
    }

    /// Removes what an earlier process downloaded, once nothing is left that could go on with it.
    func tidy() {
        guard !isTidy, catalog.verified != nil, downloads.isEmpty, models.values.allSatisfy(\.isSettled) else { return }
        isTidy = true
        do throws(EdgeError) { try ChunkFile.removeAll(in: downloadDirectory, except: []) } catch {
            context.board.count("storageErrors")
            context.logger.error("Old downloads cannot be removed", metadata: [EdgeLogKeys.error: "\(error)"])
        }
    }

    func abandon(_ model: String, _ frame: String) {
        guard let download = downloads[model], download.file.content.frame == frame else { return }
        downloads[model] = nil
        download.subscription?.cancel()
        do throws(EdgeError) { try download.file.remove() } catch {
            context.logger.error("A download cannot be removed", metadata: [EdgeLogKeys.error: "\(error)"])
        }
    }
}
