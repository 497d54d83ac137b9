import JSON
import Logging
import ModelArtifact
import ReleaseTrust
import ServiceRuntime

/// What is on disk: the provisioned root, and the students in the slots.
extension ReleaseManager {
    /// Waits for the provisioned root and starts what is on disk.
    func waitForRoot() async throws {
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

    func prepare(_ model: String) {
        guard models[model] == nil, models.count < Self.modelLimit else { return }
        models[model] = ModelInstallation(running: nil, previous: nil, pace: pace)
    }
}
