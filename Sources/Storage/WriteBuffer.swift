/// Gathers rows and writes them in one transaction at least twice a second, so that a killed process loses no more
/// than the last half second.
///
/// ``run(onError:)`` must be running; where it ends, what is held is written. Rows are written in the order appended.
/// While the database refuses writes, up to `capacity` rows are held; beyond, the oldest go and are counted.
public actor WriteBuffer<Row: Sendable> {
    private let database: Database
    private let batch: Int
    private let capacity: Int
    private let interval: Duration
    private let write: @Sendable (Transaction, [Row]) throws -> Void
    private var pending: [Row] = []
    private var flight: Task<Void, any Error>?
    /// Rows lost to a full buffer, or to a batch that the database refused for good.
    public private(set) var dropped = 0

    /// - Parameters:
    ///   - batch: rows that are written at once without waiting for the interval.
    ///   - capacity: rows held at most.
    ///   - write: writes rows within a transaction; it may be called again with the same rows where the commit failed.
    /// - Precondition: 0 < `batch` ≤ `capacity`.
    public init(
        database: Database, batch: Int = 512, capacity: Int = 16_384, interval: Duration = .milliseconds(500),
        write: @escaping @Sendable (Transaction, [Row]) throws -> Void
    ) {
        precondition(0 < batch && batch <= capacity, "a batch fits within the capacity")
        self.database = database
        self.batch = batch
        self.capacity = capacity
        self.interval = interval
        self.write = write
    }

    /// Rows not yet handed to the database.
    public var depth: Int { pending.count }

    /// Adds a row; where that fills a batch, writes it first, so that a producer never outruns the disk.
    public func append(_ row: Row) async throws {
        pending.append(row)
        trim()
        if pending.count >= batch { try await flush() }
    }

    /// Writes what is held and returns once it is committed.
    ///
    /// - Throws: ``StorageError``. After a retriable one the rows are held and tried again by the next call; otherwise
    ///   they are dropped and counted, so that one bad row cannot stop all later ones.
    public func flush() async throws {
        let held = pending.count
        // Earlier rows may be on their way in another call's batch; theirs is its error to report.
        while let flight {
            _ = await flight.result
            if self.flight == flight { self.flight = nil }
        }
        guard held > 0, !pending.isEmpty else { return }
        let rows = pending
        pending = []
        let task = Task { [database, write] in try await database.write { try write($0, rows) } }
        flight = task
        let result = await task.result
        if flight == task { flight = nil }
        if case .failure(let error) = result {
            if (error as? StorageError)?.isRetriable == true {
                pending.insert(contentsOf: rows, at: 0)
                trim()
            } else {
                dropped += rows.count
            }
            throw error
        }
    }

    private func trim() {
        guard pending.count > capacity else { return }
        let excess = pending.count - capacity
        pending.removeFirst(excess)
        dropped += excess
    }

    /// Writes at every interval until the task is cancelled, then once more.
    public func run(onError: @Sendable (any Error) -> Void) async {
        var isCancelled = false
        while !isCancelled {
            // Only cancellation interrupts the sleep.
            do { try await Task.sleep(for: interval) } catch { isCancelled = true }
            do { try await flush() } catch { onError(error) }
        }
    }
}
