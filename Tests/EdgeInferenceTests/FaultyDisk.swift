#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

@testable import EdgeInference

/// A real disk that goes wrong at a chosen change: the process dies there, or the disk is full, fails, or is read-only.
final class FaultyDisk: DiskWatcher {
    enum Fault: Sendable {
        /// Nothing reaches the disk from that change on; half of a write does.
        case death
        /// Nothing that takes space works from that change on, until ``relieve()``.
        case full
        /// That one change fails.
        case failure
        case readOnly
    }

    /// What a loss of power leaves of what was not flushed.
    enum Loss: String, Sendable, CaseIterable {
        /// All of it: the process was killed and the machine went on.
        case nothing
        /// Files that were made and renamed, without their bytes.
        case bytes
        /// Bytes, under the names of before.
        case names
    }

    fileprivate struct State {
        var fault: Fault?
        /// Changes until it happens; nothing for never.
        var left: Int?
        var isOn = false
        var changes = 0
        var refused = 0
        var unflushed: Set<String> = []
        /// What undoes changes of names, with the folder whose flush makes them last.
        var undo: [(folder: String, steps: [@Sendable () -> Void])] = []
    }

    private let state = Mutex(State())

    /// Changes seen since it was armed.
    var changes: Int { state.withLock { $0.changes } }
    var refused: Int { state.withLock { $0.refused } }
    var hasStruck: Bool { state.withLock { $0.isOn } }

    /// Begins to count, and strikes at a change.
    ///
    /// - Parameter change: counted from 1; nothing to count only.
    func arm(_ fault: Fault, at change: Int?) {
        state.withLock {
            $0.fault = fault
            $0.left = change
            $0.changes = 0
        }
    }

    func relieve() {
        state.withLock {
            $0.isOn = false
            $0.left = nil
        }
    }

    func will(_ change: DiskChange) throws(EdgeError) {
        guard !change.path.contains("/energy") else { return }
        let (isRefused, code): (Bool, Int32) = state.withLock { state in
            guard let fault = state.fault else { return (false, 0) }
            state.changes += 1
            let strikes = state.left == state.changes
            if strikes { state.isOn = true }
            var refuses = state.isOn
            var code = EIO
            switch fault {
            case .death: if strikes { Self.tear(change) }
            case .full:
                refuses = refuses && change.takesSpace
                code = ENOSPC
            case .failure:
                refuses = strikes
            case .readOnly: code = EROFS
            }
            if refuses { state.refused += 1 } else { state.note(change) }
            return (refuses, code)
        }
        if isRefused { throw StateDirectory.fault("cannot change \(change.path)", code) }
    }

    /// A process that dies within a write leaves a part of it.
    private static func tear(_ change: DiskChange) {
        guard case .write(let path, let offset, let bytes) = change else { return }
        let descriptor = open(path, O_WRONLY)
        guard descriptor >= 0 else { return }
        _ = pwrite(descriptor, bytes, bytes.count / 2, off_t(offset))
        close(descriptor)
    }

    /// Takes from the disk what a loss of power takes.
    func lose(_ loss: Loss) {
        state.withLock { state in
            switch loss {
            case .nothing: break
            case .bytes: for path in state.unflushed { truncate(path, 0) }
            case .names: for entry in state.undo.reversed() { for step in entry.steps { step() } }
            }
        }
    }
}

extension FaultyDisk.State {
    fileprivate mutating func note(_ change: DiskChange) {
        switch change {
        case .makeFolder(let path): push(path) { RawFile.removeFolder(path) }
        case .open(let path, let empties):
            if RawFile.bytes(path) == nil { push(path) { unlink(path) } }
            if empties { unflushed.insert(path) }
        case .reserve(let path, _), .write(let path, _, _): unflushed.insert(path)
        case .flush(let path): unflushed.remove(path)
        case .rename(let from, let to):
            let (old, new) = (RawFile.bytes(to), RawFile.bytes(from))
            push(to) {
                if let old { RawFile.write(to, old) } else { unlink(to) }
                if let new { RawFile.write(from, new) }
            }
            if unflushed.remove(from) != nil { unflushed.insert(to) } else { unflushed.remove(to) }
        case .remove(let path):
            unflushed.remove(path)
            if let old = RawFile.bytes(path) { push(path) { RawFile.write(path, old) } }
        case .flushFolder(let folder): undo.removeAll { $0.folder == folder }
        }
    }

    private mutating func push(_ path: String, _ step: @escaping @Sendable () -> Void) {
        undo.append((path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }, [step]))
    }
}

extension DiskChange {
    fileprivate var path: String {
        switch self {
        case .makeFolder(let path), .open(let path, _), .reserve(let path, _), .write(let path, _, _),
            .flush(let path), .rename(_, to: let path), .remove(let path), .flushFolder(let path):
            path
        }
    }

    fileprivate var takesSpace: Bool {
        switch self {
        case .makeFolder, .open, .reserve, .write: true
        case .flush, .rename, .remove, .flushFolder: false
        }
    }
}

/// Files as they are, without care.
enum RawFile {
    static func bytes(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: max(0, Int(lseek(descriptor, 0, SEEK_END))))
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return count == bytes.count ? bytes : nil
    }

    static func write(_ path: String, _ bytes: [UInt8]) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { return }
        _ = pwrite(descriptor, bytes, bytes.count, 0)
        close(descriptor)
    }

    static func removeFolder(_ path: String) { TemporaryFolder.remove(path) }
}
