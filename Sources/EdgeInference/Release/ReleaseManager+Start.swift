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
        do throws(EdgeError) {
            try ChunkFile.removeAll(in: downloadDirectory, except: interruptedFrames())
            if let file = try directory.read(FullDownloads.name, limit: 1 << 20) { restore(file) }
        } catch {
            // A disk that cannot be written, or not read, is no reason to decide nothing.
            note(error, "What earlier processes fetched cannot be tidied up")
        }
        _ = catalog.settle()
        for model in models.keys.sorted() { report(model) }
    }

    private func restore(_ file: [UInt8]) {
        do throws(JSONError) { try fullDownloads.restore(file) } catch {
            note(error, "What was fetched of whole files is not known any more; counting begins anew")
        }
    }

    private func note(_ error: any Error, _ what: Logger.Message, _ model: String? = nil) {
        context.board.count("storageErrors")
        var metadata: Logger.Metadata = [EdgeLogKeys.error: "\(error)"]
        if let model { metadata[EdgeLogKeys.model] = "\(model)" }
        context.logger.error(what, metadata: metadata)
    }

    /// Downloads found on disk are kept until it is known what is desired: they may be gone on with.
    private func interruptedFrames() throws(EdgeError) -> Set<String> {
        Set(try downloadDirectory.names().filter { $0.hasSuffix(".part") }.suffix(4).map { String($0.dropLast(5)) })
    }

    /// Starts more often than this that end without a proof are the student's fault.
    private static let probationStartLimit = 3

    private func start(_ model: String) async {
        do throws(EdgeError) {
            var store = try SlotStore(model: model, root: slotDirectory)
            if let damage = store.damage {
                note(EdgeError(.damaged, damage), "The journal is damaged; looking for signed students", model)
                context.board.count("slotsDamaged")
                try store.recover(catalog.signedStudents(model))
            }
            slots[model] = store
            guard let journal = store.journal else { return }
            models[model] = newInstallation(running: nil, journal)
            await start(model, &store, journal)
            slots[model] = store
        } catch {
            note(error, "No student can be started from disk", model)
        }
    }

    /// Starts the active student, or the one before where that cannot run or went down with its process too often.
    private func start(_ model: String, _ store: inout SlotStore, _ journal: SlotJournal) async {
        do throws(EdgeError) {
            let starts = journal.probationStarts.map { $0 + 1 }
            if let starts, starts > Self.probationStartLimit, journal.otherEntry != nil {
                let reason =
                    "version \(journal.activeEntry?.version ?? 0) was started \(starts - 1) times without a proof"
                try fallBack(model, &store, because: reason)
            } else {
                do throws(EdgeError) { try store.setProbation(starts: starts) } catch {
                    note(error, "A start on probation cannot be noted", model)
                }
            }
            guard let active = store.journal?.active else { return }
            await run(model, store, try load(store, active))
        } catch {
            context.board.count("slotsDamaged")
            note(error, "The active student cannot run; trying the one before", model)
            await startOther(model, &store, journal, error)
        }
    }

    private func fallBack(_ model: String, _ store: inout SlotStore, because reason: String?) throws(EdgeError) {
        guard store.journal?.otherEntry != nil else {
            throw EdgeError(.damaged, "\(model) has no other student to fall back to")
        }
        do throws(EdgeError) { try store.fallBack(because: reason) } catch {
            note(error, "The journal cannot be written; the student before runs all the same", model)
        }
    }

    private func startOther(
        _ model: String, _ store: inout SlotStore, _ journal: SlotJournal, _ reason: EdgeError
    ) async {
        let version = journal.activeEntry?.version ?? 0
        do throws(EdgeError) {
            let runner = try load(store, journal.active.other)
            try fallBack(model, &store, because: nil)
            await run(model, store, runner)
        } catch {
            note(error, "No student can be started from disk", model)
        }
        models[model]?.note(version, "it cannot run from disk: \(reason)")
    }

    private func run(_ model: String, _ store: SlotStore, _ runner: sending StudentRunner) async {
        guard let journal = store.journal else { return }
        let running = ModelInstallation.Running(version: runner.version, digest: runner.digest)
        models[model] = newInstallation(running: running, journal)
        context.logger.info(
            "Running from disk",
            metadata: [EdgeLogKeys.model: "\(model)", EdgeLogKeys.version: "\(runner.version)"])
        guard journal.probationStarts != nil, let limits = settings.probation else {
            await loop.run(runner)
            return
        }
        do throws(EdgeError) {
            await loop.run(try load(store, journal.active.other))
        } catch {
            note(error, "There is no student to hold the new one against; it counts as proven", model)
        }
        await loop.run(runner, provingItself: limits)
    }

    private func newInstallation(running: ModelInstallation.Running?, _ journal: SlotJournal) -> ModelInstallation {
        var installation = newInstallation(
            running: running,
            previous: journal.otherEntry.map { .init(version: $0.version, digest: $0.digest) })
        installation.resume(journal)
        return installation
    }

    private func newInstallation(
        running: ModelInstallation.Running?, previous: ModelInstallation.Running?
    ) -> ModelInstallation {
        ModelInstallation(
            running: running, previous: previous, pace: pace, fullPolicy: settings.fullDownloads.description)
    }

    func load(_ store: SlotStore, _ slot: SlotJournal.Slot) throws(EdgeError) -> sending StudentRunner {
        let (entry, bytes) = try store.load(slot)
        if catalog.contradicts(model: store.model, version: entry.version, digest: entry.digest) {
            throw EdgeError(.digest, "version \(entry.version) of \(store.model) is signed with other bytes")
        }
        return try verifier.verify(
            bytes, is: .init(version: entry.version, digest: entry.digest), for: catalog.tasks[store.model])
    }

    func prepare(_ model: String) {
        guard models[model] == nil, models.count < Self.modelLimit else { return }
        models[model] = newInstallation(running: nil, previous: nil)
    }
}
