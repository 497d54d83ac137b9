import Storage
import Synchronization
import Testing

@Suite struct WriteBufferTests {
    static let schema = [Migration(1, sql: "CREATE TABLE item(n INTEGER UNIQUE CHECK(n < 1000))")]

    static func buffer(
        _ database: Database, batch: Int = 512, capacity: Int = 16_384, interval: Duration = .seconds(3600)
    ) -> WriteBuffer<Int> {
        WriteBuffer(database: database, batch: batch, capacity: capacity, interval: interval) { transaction, rows in
            for row in rows { try transaction.execute("INSERT INTO item VALUES(?)", [.integer(row)]) }
        }
    }

    static func contents(_ database: Database) async throws -> [Int] {
        try await database.read { try $0.rows("SELECT n FROM item ORDER BY rowid").map { try $0.integer("n") } }
    }

    @Test("Rows wait for a batch, a flush or the interval, and keep their order")
    func order() async throws {
        let database = try await Database(inMemory: Self.schema)
        let buffer = Self.buffer(database, batch: 3)
        try await buffer.append(5)
        try await buffer.append(4)
        #expect(try await Self.contents(database) == [])
        try await buffer.append(3)
        #expect(try await Self.contents(database) == [5, 4, 3])
        try await buffer.append(2)
        try await buffer.flush()
        #expect(try await Self.contents(database) == [5, 4, 3, 2])
        #expect(await buffer.depth == 0)
    }

    @Test("What is held when the loop is cancelled is written")
    func shutdown() async throws {
        let database = try await Database(inMemory: Self.schema)
        let buffer = Self.buffer(database)
        let loop = Task { await buffer.run { Issue.record($0) } }
        try await buffer.append(1)
        loop.cancel()
        await loop.value
        #expect(try await Self.contents(database) == [1])
    }

    @Test("The interval writes without being asked")
    func interval() async throws {
        let database = try await Database(inMemory: Self.schema)
        let (written, continuation) = AsyncStream.makeStream(of: Int.self)
        let buffer = WriteBuffer<Int>(database: database, interval: .milliseconds(1)) { transaction, rows in
            for row in rows { try transaction.execute("INSERT INTO item VALUES(?)", [.integer(row)]) }
            continuation.yield(rows.count)
        }
        let loop = Task { await buffer.run { Issue.record($0) } }
        try await buffer.append(1)
        var iterator = written.makeAsyncIterator()
        #expect(await iterator.next() == 1)
        loop.cancel()
        await loop.value
    }

    @Test("A row the database refuses for good is dropped with its batch and counted; later ones are written")
    func poison() async throws {
        let database = try await Database(inMemory: Self.schema)
        let buffer = Self.buffer(database)
        try await buffer.append(1)
        try await buffer.append(1000)
        await #expect(throws: StorageError.self) { try await buffer.flush() }
        #expect(await buffer.dropped == 2)
        try await buffer.append(2)
        try await buffer.flush()
        #expect(try await Self.contents(database) == [2])
    }

    @Test("While the database is busy rows are held, the oldest going first when it lasts")
    func busy() async throws {
        let database = try await Database(inMemory: Self.schema)
        let isBusy = Mutex(true)
        let buffer = WriteBuffer<Int>(
            database: database, batch: 3, capacity: 3, interval: .seconds(3600)
        ) { transaction, rows in
            for row in rows { try transaction.execute("INSERT INTO item VALUES(?)", [.integer(row)]) }
            if isBusy.withLock({ $0 }) { throw StorageError(.busy, "busy") }
        }
        try await buffer.append(1)
        try await buffer.append(2)
        for row in 3...5 {
            await #expect(throws: StorageError.self) { try await buffer.append(row) }
        }
        isBusy.withLock { $0 = false }
        try await buffer.flush()
        #expect(try await Self.contents(database) == [3, 4, 5])
        #expect(await buffer.dropped == 2)
    }

    @Test("Rows appended from many tasks are all written once")
    func concurrency() async throws {
        let database = try await Database(inMemory: Self.schema)
        let buffer = Self.buffer(database, batch: 7)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<10 {
                group.addTask { for row in 0..<50 { try await buffer.append(part * 50 + row) } }
            }
            try await group.waitForAll()
        }
        try await buffer.flush()
        #expect(try await Self.contents(database).sorted() == Array(0..<500))
    }
}
