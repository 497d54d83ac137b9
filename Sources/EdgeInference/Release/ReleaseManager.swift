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
    /// Unpacks a frame of an offer on the student it starts from, within a limit of bytes.
    typealias Unpack =
        @Sendable (_ frame: [UInt8], _ offer: OfferMessage, _ base: [UInt8]?, _ limit: Int) throws -> [UInt8]

    struct Download {
        let file: ChunkFile
        var subscription: BusSubscription?
        var reported: Double
    }

    struct Collection: Sendable {
        let model: String
        let frame: String
    }

    /// Models at most.
    static let modelLimit = 64

    let settings: EdgeSettings
    let context: ServiceContext
    let loop: InferenceLoop
    private let outbox: Outbox
    let traffic: Traffic
    let rejections: Rejections
    let verifier: StudentVerifier
    let unpack: Unpack
    let pace: ModelInstallation.Pace
    private let edge: EdgeID

    let slotDirectory: StateDirectory
    let downloadDirectory: StateDirectory
    var catalog: ReleaseCatalog
    var models: [String: ModelInstallation] = [:]
    var slots: [String: SlotStore] = [:]
    private var offers: [String: OfferBook] = [:]
    var downloads: [String: Download] = [:]
    private let collections = Mailbox<Collection>(limit: 1000)
    let directory: StateDirectory
    var fullDownloads: FullDownloads
    /// Whether downloads that an earlier process left are known to be of no use, and gone.
    var isTidy = false

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
        self.directory = directory
        fullDownloads = FullDownloads(settings.fullDownloads)
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
            group.addTask { [loop] in
                while let batch = await loop.probationEnds.next() {
                    for end in batch { await self.end(end) }
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

    func change(
        _ model: String, _ step: (inout ModelInstallation, OfferBook, Double) -> [ModelInstallation.Action]
    ) async {
        guard var installation = models[model] else { return }
        let now = context.now()
        installation.fullAllowance = fullDownloads.allowance(now: now)
        let actions = step(&installation, offers[model] ?? OfferBook(), now)
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
        case .restore: await restore(model)
        case .abandon(let frame): abandon(model, frame)
        case .collect(let offer):
            do throws(EdgeError) {
                let file = try ChunkFile(content: offer.content, directory: downloadDirectory)
                if offer.method == "full" { charge(file.missingBytes) }
                downloads[model] = Download(file: file, reported: 0)
                collections.put(Collection(model: model, frame: offer.content.frame))
            } catch {
                context.board.count("storageErrors")
                await change(model) { $0.failed("\(error)", isRetriable: true, offers: $1, now: $2) }
            }
        }
    }

    func report(_ model: String) {
        guard let installation = models[model] else { return }
        outbox.latest.put(
            BusMessage(
                topic: context.topics.string(.installed(model: model, edge)),
                payload: installation.message(now: context.now()).payload, retained: true,
                contentType: "application/json"))
    }

    // MARK: Time

    /// Asks for what is overdue, and looks at what time has changed: expiry, documents that wait.
    func tick(dropped: Int = 0) async {
        context.board.setCount("releaseDropped", to: dropped)
        await settle()
        for model in models.keys.sorted() { await change(model) { $0.tick(offers: $1, now: $2) } }
        tidy()
    }
}
