import JSON
import Logging
import ModelArtifact
import ReleaseTrust
import ServiceRuntime
import Telemetry

/// What is signed: the trusted metadata and the task documents that it names, both on disk.
struct ReleaseCatalog {
    /// A document that came and fits no signed target (yet).
    private struct PendingTask {
        var bytes: [UInt8]
        var since: Double
        var isRefused = false
    }

    /// What became of the tasks after something new had come.
    struct Changes {
        var accepted: [TaskDocument] = []
        var withdrawn: [String] = []
    }

    static let taskByteLimit = 256 << 10
    private static let taskLimit = 256
    private static let trustByteLimit = 32 << 20
    private static let trustName = "trust.json"
    /// Seconds that a document may be ahead of the metadata that signs it, or behind, before it is refused.
    static let patience = 10.0

    private let context: ServiceContext
    private let directory: StateDirectory
    private let taskDirectory: StateDirectory
    private let rejections: Rejections
    private var trust: TrustStore?
    private var pending: [String: PendingTask] = [:]
    private(set) var tasks: [String: TaskDocument] = [:]
    private var expiryReported: Int?

    init(context: ServiceContext, directory: StateDirectory, rejections: Rejections) throws(EdgeError) {
        self.context = context
        self.directory = directory
        self.rejections = rejections
        taskDirectory = try directory.folder("tasks")
    }

    var isReady: Bool { trust != nil }

    // MARK: Disk

    /// Begins to trust: the provisioned root, and what was verified before under it or its successors.
    ///
    /// - Parameter root: the provisioned root document.
    /// - Throws: `TrustError` where the provisioned root is not sound; ``EdgeError`` where the folder cannot be read.
    mutating func begin(root: [UInt8]) throws -> [TaskDocument] {
        do {
            if let stored = try directory.read(Self.trustName, limit: Self.trustByteLimit) {
                trust = try TrustStore(decoding: stored, provisioned: root)
            }
        } catch {
            // Without it versions seen before are forgotten, but nothing unsigned becomes acceptable.
            context.board.count("trustDamaged")
            context.logger.error(
                "The stored release metadata is damaged; starting from the provisioned root",
                metadata: [EdgeLogKeys.error: "\(error)"])
        }
        if trust == nil { trust = try TrustStore(root: root) }
        for name in try taskDirectory.names() where name.hasSuffix(".json") {
            do {
                guard let bytes = try taskDirectory.read(name, limit: Self.taskByteLimit) else { continue }
                let task = try TaskDocument(json: JSONValue(parsing: bytes))
                if isSigned(bytes, task.name, evenExpired: true) { tasks[task.name] = task }
            } catch {
                context.logger.error(
                    "A stored task cannot be read",
                    metadata: [EdgeLogKeys.path: "\(name)", EdgeLogKeys.error: "\(error)"])
            }
        }
        return tasks.values.sorted { $0.name < $1.name }
    }

    // MARK: Arrivals

    /// Takes a document of the metadata.
    mutating func receive(_ topic: Topic, name: String, _ bytes: [UInt8]) {
        guard var store = trust else { return }
        do {
            let update: TrustStore.Update
            switch topic {
            case .root(let version): update = try store.update(root: bytes, version: version)
            case .targets: update = try store.update(targets: bytes)
            case .snapshot: update = try store.update(snapshot: bytes)
            case .timestamp: update = try store.update(timestamp: bytes)
            default: return
            }
            for refusal in update.refused {
                rejections.put(name, code: "\(refusal.code)", reason: refusal.message)
            }
            let isNewRoot = trust?.rootVersion != store.rootVersion
            trust = store
            // A set that is complete is worth more at the next start than a newer one that is not.
            if update.changed, isNewRoot || lastVerified != nil {
                try directory.replace(Self.trustName, with: store.encode())
            }
        } catch let error as TrustError {
            rejections.put(name, code: "\(error.code)", reason: error.message)
        } catch {
            context.board.count("storageErrors")
            context.logger.error(
                "The release metadata cannot be stored", metadata: [EdgeLogKeys.error: "\(error)"])
        }
    }

    /// Takes a task document; it counts once the metadata names its very bytes.
    mutating func receive(task model: String, name: String, _ bytes: [UInt8]) {
        guard bytes.count <= Self.taskByteLimit else {
            rejections.put(
                name, code: "oversize", reason: "\(bytes.count) bytes; at most \(Self.taskByteLimit) are accepted")
            return
        }
        guard pending[model] != nil || pending.count < Self.taskLimit else {
            rejections.put(name, code: "tasks", reason: "\(Self.taskLimit) tasks are known already")
            return
        }
        pending[model] = PendingTask(bytes: bytes, since: context.now())
    }

    // MARK: What holds

    /// What may be installed now; nothing while metadata is incomplete or expired.
    var verified: VerifiedTargets? {
        guard case .ready(let targets, _)? = trust?.state(now: Int(context.now())) else { return nil }
        return targets
    }

    /// What was verified, also where it has expired since: what runs may go on.
    private var lastVerified: VerifiedTargets? {
        // At the beginning of time nothing has expired.
        guard case .ready(let targets, _)? = trust?.state(now: 0) else { return nil }
        return targets
    }

    /// Whether a student that was installed may still run: the metadata must not name other bytes for its version.
    func contradicts(model: String, version: Int, digest: String) -> Bool {
        lastVerified?.targets.contains { target in
            target.student?.model == model && target.student?.version == version && target.sha256 != digest
        } ?? false
    }

    /// Versions of a model that are signed now, by digest, also where that has expired.
    func signedStudents(_ model: String) -> [String: Int] {
        (lastVerified?.targets ?? []).reduce(into: [:]) { found, target in
            if let student = target.student, student.model == model { found[target.sha256] = student.version }
        }
    }

    private func isSigned(_ bytes: [UInt8], _ model: String, evenExpired: Bool) -> Bool {
        guard let target = (evenExpired ? lastVerified : verified)?.task(model: model) else { return false }
        return target.length == bytes.count && target.sha256 == ContentDigest(of: bytes).hex
    }

    /// Accepts what is signed by now and says what is not.
    mutating func settle() -> Changes {
        var changes = Changes()
        reportState()
        guard let verified else { return changes }
        let now = context.now()
        for (model, document) in pending.sorted(by: { $0.key < $1.key }) {
            let topic = context.topics.string(.task(model: model))
            guard isSigned(document.bytes, model, evenExpired: false) else {
                if !document.isRefused, now - document.since > Self.patience {
                    pending[model]?.isRefused = true
                    rejections.put(
                        topic, code: "unsigned", reason: "these bytes are not the signed target tasks/\(model).json")
                }
                continue
            }
            pending[model] = nil
            do {
                let task = try TaskDocument(json: JSONValue(parsing: document.bytes))
                guard task.name == model else {
                    rejections.put(topic, code: "mismatch", reason: "the task is named \(task.name)")
                    continue
                }
                if tasks[model] != task {
                    tasks[model] = task
                    changes.accepted.append(task)
                }
                // Where it cannot be stored it holds for this process; the broker retains it for the next.
                try taskDirectory.replace("\(model).json", with: document.bytes)
            } catch let error as JSONError {
                rejections.put(topic, code: "\(error.code)", reason: "\(error)")
            } catch {
                context.board.count("storageErrors")
                context.logger.error("A task cannot be stored", metadata: [EdgeLogKeys.error: "\(error)"])
            }
        }
        for model in tasks.keys.sorted() where verified.task(model: model) == nil {
            tasks[model] = nil
            changes.withdrawn.append(model)
            do throws(EdgeError) { try taskDirectory.remove("\(model).json") } catch {
                context.board.count("storageErrors")
                context.logger.error("A task cannot be removed", metadata: [EdgeLogKeys.error: "\(error)"])
            }
        }
        return changes
    }

    /// Shows in the status how far the metadata is trusted, and says once when it has expired.
    private mutating func reportState() {
        guard let trust else { return }
        var shown: JSONObject = ["root": .integer(Int64(trust.rootVersion))]
        switch trust.state(now: Int(context.now())) {
        case .waiting(let roles, let why):
            shown["state"] = .string("waiting")
            shown["for"] = .array(roles.map { .string($0.rawValue) })
            shown["why"] = .string(why)
        case .expired(let role, let since):
            shown["state"] = .string("expired")
            shown["role"] = .string(role.rawValue)
            shown["since"] = .integer(Int64(since))
            if expiryReported != since {
                expiryReported = since
                rejections.put(
                    context.topics.string(.timestamp), code: "expired",
                    reason: "the \(role.rawValue) expired at \(since): nothing new is installed, what runs goes on")
            }
        case .ready(let targets, let clock):
            shown["state"] = .string("ready")
            shown["targets"] = .integer(Int64(targets.version))
            shown["expires"] = .integer(Int64(targets.expires))
            if targets.isDevelopment { shown["development"] = .bool(true) }
            if case .implausible(let why) = clock { shown["clock"] = .string(why) }
        }
        context.board.set("trust", .object(shown))
    }
}
