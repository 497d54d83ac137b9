import Foundation
import Storage
import Testing

@Suite struct DatabaseTests {
    static let schema = [
        Migration(1, sql: "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, data BLOB, size REAL)")
    ]

    @Test("Values of every kind come back as they were written")
    func values() async throws {
        let database = try await Database(inMemory: Self.schema)
        let row = try await database.write { transaction in
            try transaction.execute(
                "INSERT INTO item(name, data, size) VALUES(?, ?, ?)", ["a", .blob([0, 255]), 2.5])
            return try transaction.row("SELECT * FROM item WHERE id = ?", [.integer(transaction.lastInsertedID)])
        }
        let read = try #require(row)
        #expect(try read.text("name") == "a")
        #expect(try read.blob("data") == [0, 255])
        #expect(try read.real("size") == 2.5)
        #expect(throws: StorageError.self) { try read.integer("name") }
        #expect(throws: StorageError.self) { try read.text("nothing") }
    }

    @Test("A transaction that throws changes nothing, and says which constraint failed")
    func rollback() async throws {
        let database = try await Database(inMemory: Self.schema)
        let error = await #expect(throws: StorageError.self) {
            try await database.write { transaction in
                try transaction.execute("INSERT INTO item(name) VALUES('a')")
                try transaction.execute("INSERT INTO item(name) VALUES('a')")
            }
        }
        #expect(error?.code == .constraint)
        #expect(try await database.read { try $0.rows("SELECT * FROM item").count } == 0)
    }

    @Test("What was committed is there after the object vanished without a close")
    func survivesAbandonment() async throws {
        let folder = try TemporaryFolder()
        for number in 0..<3 {
            let database = try await Database(
                path: folder.file("sub/x.sqlite"), durability: .powerLoss, migrations: Self.schema)
            try await database.write { try $0.execute("INSERT INTO item(name) VALUES(?)", [.text("n\(number)")]) }
            // A copy of the files at this moment is what a killed process leaves behind.
            let copy = try TemporaryFolder()
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.file("sub")) {
                try FileManager.default.copyItem(atPath: folder.file("sub/" + name), toPath: copy.file(name))
            }
            let revived = try await Database(path: copy.file("x.sqlite"), migrations: Self.schema)
            #expect(try await revived.read { try $0.rows("SELECT * FROM item").count } == number + 1)
        }
    }

    @Test("Steps added later run once; a schema from a newer release is refused")
    func migrations() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("x.sqlite")
        try await Database(path: path, migrations: Self.schema).close()
        let grown = Self.schema + [Migration(2, sql: "ALTER TABLE item ADD COLUMN note TEXT DEFAULT 'x'")]
        let database = try await Database(path: path, migrations: grown)
        try await database.write { try $0.execute("INSERT INTO item(name) VALUES('a')") }
        #expect(try await database.read { try $0.row("SELECT note FROM item")?.text("note") } == "x")
        try await database.close()
        let error = await #expect(throws: StorageError.self) {
            _ = try await Database(path: path, migrations: Self.schema)
        }
        #expect(error?.code == .newerSchema)
    }

    @Test("A step that fails leaves the schema as it was")
    func failingMigration() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("x.sqlite")
        try await Database(path: path, migrations: Self.schema).close()
        await #expect(throws: StorageError.self) {
            _ = try await Database(
                path: path, migrations: Self.schema + [Migration(2, sql: "CREATE TABLE other(a); CREATE TABLE item(a)")]
            )
        }
        let database = try await Database(path: path, migrations: Self.schema)
        #expect(try await database.read { try $0.rows("SELECT name FROM sqlite_master WHERE name = 'other'").isEmpty })
    }

    @Test("A file that is no database is refused with its path")
    func notADatabase() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("x.sqlite")
        try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: path))
        let error = await #expect(throws: StorageError.self) {
            _ = try await Database(path: path, migrations: Self.schema)
        }
        #expect(error?.code == .corrupted)
        #expect(error?.message.contains(path) == true)
    }

    @Test("A closed database says so")
    func closed() async throws {
        let folder = try TemporaryFolder()
        let database = try await Database(path: folder.file("x.sqlite"), migrations: Self.schema)
        try await database.close()
        let writing = await #expect(throws: StorageError.self) {
            try await database.write { try $0.script("SELECT 1") }
        }
        #expect(writing?.code == .closed)
        let reading = await #expect(throws: StorageError.self) {
            _ = try await database.read { try $0.rows("SELECT 1") }
        }
        #expect(reading?.code == .closed)
    }

    @Test("A reader cannot write")
    func readOnly() async throws {
        let folder = try TemporaryFolder()
        let database = try await Database(path: folder.file("x.sqlite"), migrations: Self.schema)
        await #expect(throws: StorageError.self) {
            try await database.read { try $0.execute("INSERT INTO item(name) VALUES('a')") }
        }
        try await database.close()
    }

    @Test("A query may run within the rows of the same query")
    func nestedQueries() async throws {
        let database = try await Database(inMemory: Self.schema)
        let pairs = try await database.write { transaction in
            for name in ["a", "b"] { try transaction.execute("INSERT INTO item(name) VALUES(?)", [.text(name)]) }
            var pairs: [String] = []
            try transaction.forEachRow("SELECT name FROM item ORDER BY name") { outer in
                try transaction.forEachRow("SELECT name FROM item ORDER BY name") { inner in
                    pairs.append(try outer.text("name") + inner.text("name"))
                }
            }
            return pairs
        }
        #expect(pairs == ["aa", "ab", "ba", "bb"])
    }

    @Test("A cancelled task's commit stands")
    func cancellation() async throws {
        let database = try await Database(inMemory: Self.schema)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await database.write { try $0.execute("INSERT INTO item(name) VALUES('a')") }
        }
        try await task.value
        #expect(try await database.read { try $0.rows("SELECT * FROM item").count } == 1)
    }
}
