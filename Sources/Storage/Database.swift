import Foundation
import GRDB

/// A SQLite database of one process: write-ahead log, one writer at a time, readers beside it.
///
/// What a `write` has committed survives the process's death at any moment. Calls run on the database's own threads,
/// never on the shared pool, and a commit is not undone by the calling task's cancellation.
public final class Database: Sendable {
    /// What committed writes survive.
    public enum Durability: Sendable {
        /// `kill -9`, but perhaps not the last moments before a power cut (`synchronous = NORMAL`): for counts.
        case processDeath
        /// A power cut as well (`synchronous = FULL`): for what must never be issued twice.
        case powerLoss
    }

    private let writer: any DatabaseWriter

    /// Opens a database file, makes it and its folder where absent, and brings its schema up to date.
    ///
    /// - Throws: ``StorageError`` `.cannotOpen`, `.corrupted`, `.newerSchema`, or what a migration throws; a step that
    ///   throws changes nothing.
    public init(
        path: String, durability: Durability = .processDeath, busyTimeout: Double = 5, migrations: [Migration]
    ) async throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeout)
        configuration.maximumReaderCount = 3
        do {
            let folder = (path as NSString).deletingLastPathComponent
            if !folder.isEmpty {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            let pool = try DatabasePool(path: path, configuration: configuration)
            writer = pool
            try await pool.writeWithoutTransaction { connection in
                if durability == .powerLoss { try connection.execute(sql: "PRAGMA synchronous = FULL") }
                // 1000 pages of 4 KiB: readers stay fast, and the log stays below some megabytes.
                try connection.execute(sql: "PRAGMA wal_autocheckpoint = 1000")
            }
        } catch let error as DatabaseError {
            let translated = StorageError.translate(error)
            throw (translated as? StorageError).map {
                StorageError($0.code == .failed ? .cannotOpen : $0.code, "cannot open \(path): \($0.message)")
            } ?? translated
        } catch let error as CocoaError {
            throw StorageError(.cannotOpen, "cannot open \(path): \(error.localizedDescription)")
        }
        try await migrate(migrations, name: path)
    }

    /// A database in memory, for tests.
    public init(inMemory migrations: [Migration]) async throws {
        writer = try DatabaseQueue()
        try await migrate(migrations, name: "the database in memory")
    }

    private func migrate(_ migrations: [Migration], name: String) async throws {
        precondition(
            migrations.map(\.number) == Array(1..<migrations.count + 1), "migrations are numbered 1, 2, ... in order")
        try await write { transaction in
            let present = try transaction.row("PRAGMA user_version")?.integer("user_version") ?? 0
            guard present <= migrations.count else {
                throw StorageError(
                    .newerSchema,
                    "\(name) has schema \(present), this release knows up to \(migrations.count): use a newer release")
            }
            for migration in migrations.dropFirst(present) {
                try migration.apply(transaction)
                try transaction.script("PRAGMA user_version = \(migration.number)")
            }
        }
    }

    /// Runs a transaction: committed where `body` returns, undone where it throws.
    ///
    /// - Throws: ``StorageError``, or what `body` throws.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            writer.asyncWriteWithoutTransaction { connection in
                continuation.resume(
                    with: Result {
                        do {
                            var result: T?
                            try connection.inTransaction(.immediate) {
                                result = try body(Transaction(connection: connection))
                                return .commit
                            }
                            guard let result else { throw StorageError(.failed, "the transaction was not run") }
                            return result
                        } catch {
                            throw StorageError.translate(error)
                        }
                    })
            }
        }
    }

    /// Reads one consistent state; writing within `body` throws.
    ///
    /// - Throws: ``StorageError``, or what `body` throws.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            writer.asyncRead { connection in
                continuation.resume(
                    with: Result {
                        do {
                            return try body(Transaction(connection: try connection.get()))
                        } catch {
                            throw StorageError.translate(error)
                        }
                    })
            }
        }
    }

    /// Moves the log into the database file and closes it; later calls throw `.closed`.
    public func close() async throws {
        do {
            try await writer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
            try writer.close()
        } catch {
            throw StorageError.translate(error)
        }
    }
}
