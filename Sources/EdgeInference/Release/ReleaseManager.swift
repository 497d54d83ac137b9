import BusAPI
import JSON
import Logging
import ModelArtifact
import ReleaseTrust
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Keeps each model at the version that is signed for this edge, and says how far it is.
///
/// What is on disk runs without any network. Everything that comes in is taken for untrusted until the metadata, the
/// digest and the golden vectors say otherwise.
actor ReleaseManager: Service {
    /// Unpacks a frame on the student it starts from, within a limit of bytes.
    typealias Unpack = @Sendable (_ frame: [UInt8], _ base: [UInt8]?, _ limit: Int) throws -> [UInt8]

    private struct Download {
        let file: ChunkFile
        var subscription: BusSubscription?
        var reported: Double
    }

    private struct Collection: Sendable {
        let model: String
        let frame: String
    }

    /// Models at most.
    private static let modelLimit = 64

    private let settings: EdgeSettings
    private let context: ServiceContext
    private let loop: InferenceLoop
    private let outbox: Outbox
    private let traffic: Traffic
    private let rejections: Rejections
    private let verifier: StudentVerifier
    private let unpack: Unpack
    private let pace: ModelInstallation.Pace
    private let edge: EdgeID

    private let slotDirectory: StateDirectory
    private let downloadDirectory: StateDirectory
    private var catalog: ReleaseCatalog
    private var models: [String: ModelInstallation] = [:]
    private var slots: [String: SlotStore] = [:]
    private var offers: [String: OfferBook] = [:]
    private var downloads: [String: Download] = [:]
    private let collections = Mailbox<Collection>(limit: 1000)

    init(
        settings: EdgeSettings, context: ServiceContext, loop: InferenceLoop, outbox: Outbox, traffic: Traffic,
        rejections: Rejections, directory: StateDirectory, unpack: @escaping Unpack,
        random: @escaping @Sendable () -> Double
    ) throws(EdgeError) {
        self.settings = settings
        self.context = context
        self.loop = loop
        self.outbox = outbox
        self.traffic = traffic
        self.rejections = rejections
        self.unpack = unpack
        verifier = StudentVerifier(hardware: settings.hardware)
        pace = ModelInstallation.Pace(
            delay: settings.needDelay, retry: settings.needRetry, retryLimit: settings.needRetryLimit, random: random)
        edge = EdgeID(site: settings.site, edge: context.instance)
        slotDirectory = try directory.folder("slots")
        downloadDirectory = try directory.folder("downloads")
        catalog = try ReleaseCatalog(context: context, directory: directory, rejections: rejections)
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await self.waitForRoot()
                try await self.work()
            } catch is CancellationError {
            } catch let error as BusError where error.code == .closed {}
        }
    }

    // MARK: Start

    /// Waits for the provisioned root and starts what is on disk.
    private func waitForRoot() async throws {
        var hasSaid = false
        while true {
            if let bytes = try Self.readRoot(settings.rootFile) {
                do {
                    try await begin(root: bytes)
                    return
                } catch let error as TrustError {
                    context.board.set("trust", .object(["state": .string("root"), "why": .string(error.message)]))
                    context.logger.error(
                        "The provisioned root cannot be trusted; waiting for another",
                        metadata: [EdgeLogKeys.path: "\(settings.rootFile)", EdgeLogKeys.error: "\(error)"])
                }
            } else if !hasSaid {
                hasSaid = true
                context.board.set(
                    "trust",
                    .object(["state": .string("root"), "why": .string("\(settings.rootFile) is not there yet")]))
                context.logger.notice(
                    "Waiting for the provisioned root", metadata: [EdgeLogKeys.path: "\(settings.rootFile)"])
            }
            try await Task.sleep(for: .seconds(settings.tick))
        }
    }

    private static func readRoot(_ path: String) throws(EdgeError) -> [UInt8]? {
        let parts = path.split(separator: "/")
        guard let name = parts.last else { return nil }
        let prefix = path.hasPrefix("/") ? "/" : ""
        let folder = prefix + parts.dropLast().joined(separator: "/")
        return try StateDirectory(existing: folder.isEmpty ? "." : folder).read(String(name), limit: 1 << 20)
    }

    /// Loads the trusted state and starts the students in the active slots.
    private func begin(root: [UInt8]) async throws {
        let tasks = try catalog.begin(root: root)
        for model in try SlotStore.models(in: slotDirectory).prefix(Self.modelLimit) { await start(model) }
        for task in tasks {
            await loop.set(task: task)
            prepare(task.name)
        }
        try ChunkFile.removeAll(in: downloadDirectory, except: interruptedFrames())
        _ = catalog.settle()
        for model in models.keys.sorted() { report(model) }
    }

    /// Downloads found on disk are kept until it is known what is desired: they may be gone on with.
    private func interruptedFrames() throws(EdgeError) -> Set<String> {
        Set(try downloadDirectory.names().filter { $0.hasSuffix(".part") }.suffix(4).map { String($0.dropLast(5)) })
    }

    private func start(_ model: String) async {
        do throws(EdgeError) {
            var store = try SlotStore(model: model, root: slotDirectory)
            guard let journal = store.journal else {
                slots[model] = store
                return
            }
            models[model] = ModelInstallation(
                running: nil, previous: journal.otherEntry?.version, pace: pace)
            slots[model] = store
            do throws(EdgeError) {
                await begin(try load(store, journal.active), model, previous: journal.otherEntry?.version)
            } catch {
                context.board.count("slotsDamaged")
                context.logger.error(
                    "The active student cannot run; trying the one before",
                    metadata: [EdgeLogKeys.model: "\(model)", EdgeLogKeys.error: "\(error)"])
                guard journal.otherEntry != nil else { return }
                let runner = try load(store, journal.active.other)
                try store.fallBack()
                slots[model] = store
                await begin(runner, model, previous: journal.activeEntry?.version)
            }
        } catch {
            context.logger.error(
                "No student can be started from disk",
                metadata: [EdgeLogKeys.model: "\(model)", EdgeLogKeys.error: "\(error)"])
        }
    }

    private func begin(_ runner: sending StudentRunner, _ model: String, previous: Int?) async {
        models[model] = ModelInstallation(
            running: .init(version: runner.version, digest: runner.digest), previous: previous, pace: pace)
        context.logger.info(
            "Running from disk",
            metadata: [EdgeLogKeys.model: "\(model)", EdgeLogKeys.version: "\(runner.version)"])
        await loop.run(runner)
    }

    private func load(_ store: SlotStore, _ slot: SlotStore.Slot) throws(EdgeError) -> sending StudentRunner {
        let (entry, bytes) = try store.load(slot)
        if catalog.contradicts(model: store.model, version: entry.version, digest: entry.digest) {
            throw EdgeError(.digest, "version \(entry.version) of \(store.model) is signed with other bytes")
        }
        return try verifier.verify(
            bytes, is: .init(version: entry.version, digest: entry.digest), for: catalog.tasks[store.model])
    }

    private func prepare(_ model: String) {
        guard models[model] == nil, models.count < Self.modelLimit else { return }
        models[model] = ModelInstallation(running: nil, previous: nil, pace: pace)
    }

    // MARK: Work

    private func work() async throws {
        let topics = context.topics
        let subscription = try await context.bus.subscribe(
            to: [
                BusFilter(topics.filter("model", "+", "task")), BusFilter(topics.filter("trust", "#")),
                BusFilter(topics.filter("model", "+", "offer", "+", "+")),
            ], limit: 10_000, overflow: .dropOldest)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while let batch = await subscription.next() { await self.receive(batch) }
            }
            group.addTask {
                while !Task.isCancelled {
                    do { try await Task.sleep(for: .seconds(self.settings.tick)) } catch { return }
                    await self.tick(dropped: subscription.dropped)
                }
            }
            while let batch = await collections.next() {
                for collection in batch { group.addTask { await self.collect(collection) } }
            }
            group.cancelAll()
        }
    }

    /// Takes metadata, tasks and offers.
    func receive(_ batch: [BusMessage]) async {
        var isSettled = true
        for message in batch {
            traffic.received(message.topic.utf8.count + message.payload.count, .updates)
            guard let topic = context.topics.parse(message.topic) else {
                if !message.payload.isEmpty {
                    rejections.put(message.topic, code: "topic", reason: "no topic of a release")
                }
                continue
            }
            switch topic {
            case .task(let model):
                if !message.payload.isEmpty {
                    catalog.receive(task: model, name: message.topic, message.payload)
                    isSettled = false
                }
            case .offer(let model, let base, let target):
                await receive(offer: message, model: model, base: base, target: target)
            case .root, .targets, .snapshot, .timestamp:
                guard !message.payload.isEmpty else { continue }
                catalog.receive(topic, name: message.topic, message.payload)
                isSettled = false
            default: rejections.put(message.topic, code: "topic", reason: "no topic of a release")
            }
        }
        if !isSettled { await settle() }
    }

    private func receive(offer message: BusMessage, model: String, base: String, target: String) async {
        guard !message.payload.isEmpty else {
            offers[model]?.remove(base: base, target: target)
            return
        }
        let offer: OfferMessage
        do throws(JSONError) {
            offer = try OfferMessage(payload: message.payload)
        } catch {
            rejections.put(message.topic, code: "\(error.code)", reason: "\(error)")
            return
        }
        guard offer.model == model, offer.base == base, offer.target == target else {
            rejections.put(message.topic, code: "mismatch", reason: "the offer is for another place than its topic")
            return
        }
        guard offer.content.bytes <= OfferBook.byteLimit else {
            rejections.put(
                message.topic, code: "oversize",
                reason: "\(offer.content.bytes) bytes; at most \(OfferBook.byteLimit) are fetched")
            return
        }
        guard offers[model] != nil || offers.count < Self.modelLimit else {
            rejections.put(message.topic, code: "models", reason: "\(Self.modelLimit) models are followed already")
            return
        }
        offers[model, default: OfferBook()].put(offer, desired: models[model]?.desired?.digest)
        await change(model) { $0.look($1, now: $2) }
    }

    /// Lets what is signed take effect.
    private func settle() async {
        let changes = catalog.settle()
        for task in changes.accepted {
            await loop.set(task: task)
            prepare(task.name)
            report(task.name)
        }
        for model in changes.withdrawn { await loop.remove(task: model) }
        guard let verified = catalog.verified else { return }
        for model in catalog.tasks.keys.sorted() where models[model] != nil {
            let found = verified.student(
                model: model, profile: settings.hardware, channel: settings.channel, site: settings.site,
                edge: context.instance)
            if found == nil { noteOtherProfiles(model, verified) }
            let release = found.map {
                ModelInstallation.Release(
                    version: $0.release.version, digest: $0.target.sha256, length: $0.target.length,
                    isRollback: $0.release.isRollback)
            }
            await change(model) { $0.desire(release, offers: $1, now: $2) }
        }
    }

    /// Says why nothing is desired although something is released.
    private func noteOtherProfiles(_ model: String, _ verified: VerifiedTargets) {
        let releases = verified.targets.compactMap(\.student)
        guard
            let other = releases.last(where: { $0.model == model && $0.channel == settings.channel }),
            other.profile != settings.hardware
        else { return }
        models[model]?.note(other.version, "made for \(other.profile); this edge is \(settings.hardware)")
        report(model)
    }

    // MARK: The state machines

    private func change(
        _ model: String, _ step: (inout ModelInstallation, OfferBook, Double) -> [ModelInstallation.Action]
    ) async {
        guard var installation = models[model] else { return }
        let actions = step(&installation, offers[model] ?? OfferBook(), context.now())
        models[model] = installation
        for action in actions { await perform(action, model) }
    }

    private func perform(_ action: ModelInstallation.Action, _ model: String) async {
        switch action {
        case .report: report(model)
        case .need(let base, let target, let frame, let missing):
            let need = NeedMessage(
                t: context.now(), model: model, edge: context.instance, base: base, target: target, frame: frame,
                missing: missing)
            outbox.latest.put(
                BusMessage(
                    topic: context.topics.string(.need(model: model, edge)), payload: need.payload,
                    contentType: "application/json"))
            context.board.count("needs")
            if let frame, downloads[model]?.subscription == nil {
                collections.put(Collection(model: model, frame: frame))
            }
        case .abandon(let frame): abandon(model, frame)
        case .collect(let offer):
            do throws(EdgeError) {
                downloads[model] = Download(
                    file: try ChunkFile(content: offer.content, directory: downloadDirectory), reported: 0)
                collections.put(Collection(model: model, frame: offer.content.frame))
            } catch {
                context.board.count("storageErrors")
                await change(model) { $0.failed("\(error)", isRetriable: true, offers: $1, now: $2) }
            }
        }
    }

    private func report(_ model: String) {
        guard let installation = models[model] else { return }
        outbox.latest.put(
            BusMessage(
                topic: context.topics.string(.installed(model: model, edge)),
                payload: installation.message(now: context.now()).payload, retained: true,
                contentType: "application/json"))
    }

    private func abandon(_ model: String, _ frame: String) {
        guard let download = downloads[model], download.file.content.frame == frame else { return }
        downloads[model] = nil
        download.subscription?.cancel()
        do throws(EdgeError) { try download.file.remove() } catch {
            context.logger.error("A download cannot be removed", metadata: [EdgeLogKeys.error: "\(error)"])
        }
    }

    // MARK: Chunks

    /// Subscribes to a frame's chunks and takes them until the download ends.
    private func collect(_ collection: Collection) async {
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
                guard try file.put(message.payload, at: index) else { continue }
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
                if models[model]?.receivedBadChunk() == true {
                    await change(model) {
                        $0.failed("its chunks are not those that were offered", isRetriable: false, offers: $1, now: $2)
                    }
                    return
                }
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

    // MARK: Installing

    private func install(_ model: String) async {
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

    // MARK: Time

    /// Asks for what is overdue, and looks at what time has changed: expiry, documents that wait.
    func tick(dropped: Int = 0) async {
        context.board.setCount("releaseDropped", to: dropped)
        await settle()
        for model in models.keys.sorted() { await change(model) { $0.tick(offers: $1, now: $2) } }
    }
}
