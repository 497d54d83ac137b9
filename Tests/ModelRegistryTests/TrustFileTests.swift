import BusTesting
import Foundation
import ModelRegistry
import ReleaseTrust
import Storage
import Testing

@Suite(.timeLimit(.minutes(1))) struct TrustFileTests {
    static func open(_ folder: TestFolder, _ clock: RegistryHarness.TestClock, _ values: [String: String] = [:])
        async throws
    {
        let bus = InMemoryBroker().connect("registry")
        _ = try await RegistryHarness.makeApp(folder: folder, bus: bus, clock: clock, values: values)
    }

    let clock = RegistryHarness.TestClock(1_800_000_000)

    @Test("Private keys can be read by their owner alone, the root file by all")
    func modes() async throws {
        let folder = try TestFolder()
        try await Self.open(folder, clock, ["registry.rootFile": folder.path + "/shared/root.json"])
        func mode(_ name: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")[.posixPermissions] as? Int
        }
        #expect(try mode("trust/keys.json") == 0o600)
        #expect(try mode("shared/root.json") == 0o644)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/trust") == ["keys.json"])
        _ = try TrustStore(root: folder.read("shared/root.json"))
    }

    @Test("Keys that others can read are not used")
    func openKeys() async throws {
        let folder = try TestFolder()
        try await Self.open(folder, clock)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: folder.path + "/trust/keys.json")
        let error = await #expect(throws: RegistryError.self) { try await Self.open(folder, clock) }
        #expect(error?.code == .keys)
        #expect(error?.message.contains("chmod 600") == true)
    }

    @Test("Missing keys stop the start once something was signed, and are not made anew")
    func missingKeys() async throws {
        let folder = try TestFolder()
        try await Self.open(folder, clock)
        try FileManager.default.removeItem(atPath: folder.path + "/trust/keys.json")
        let error = await #expect(throws: RegistryError.self) { try await Self.open(folder, clock) }
        #expect(error?.code == .keys)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/trust/keys.json"))
    }

    @Test("Keys of another registry stop the start, as does a damaged key file")
    func otherKeys() async throws {
        let folder = try TestFolder()
        let other = try TestFolder()
        try await Self.open(folder, clock)
        try await Self.open(other, clock)
        let keys = folder.path + "/trust/keys.json"
        try FileManager.default.removeItem(atPath: keys)
        try FileManager.default.copyItem(atPath: other.path + "/trust/keys.json", toPath: keys)
        let error = await #expect(throws: RegistryError.self) { try await Self.open(folder, clock) }
        #expect(error?.message.contains("another root key") == true)
        try Data("{\"format\":1".utf8).write(to: URL(fileURLWithPath: keys))
        await #expect(throws: RegistryError.self) { try await Self.open(folder, clock) }
    }

    @Test("A database that is no database stops the start")
    func damagedDatabase() async throws {
        let folder = try TestFolder()
        try folder.write(String(repeating: "x", count: 5000), to: "registry.sqlite")
        let error = await #expect(throws: StorageError.self) { try await Self.open(folder, clock) }
        #expect(error?.code == .corrupted)
    }

    @Test("The timestamp is renewed at half of its life, and stays valid for edges")
    func timestamp() async throws {
        let harness = try await RegistryHarness(values: ["registry.expiry.timestamp": "1"])
        _ = try await harness.listener.next("trust/timestamp")
        let before = try harness.verified()
        harness.clock.advance(by: 43_199)
        #expect(try await harness.app.renew() == false)
        harness.clock.advance(by: 1)
        #expect(try await harness.app.renew())
        _ = try await harness.listener.next("trust/timestamp")
        let after = try harness.verified()
        #expect(after.version == before.version)
        #expect(after.expires == Int(harness.clock.now) + 86_400)
        await harness.kill()
    }

    @Test("A registry that slept past every expiry signs all anew, and an edge with the first root follows")
    func longSleep() async throws {
        let harness = try await RegistryHarness()
        let root = try harness.folder.read("trust/root.json")
        await harness.kill()
        harness.clock.advance(by: 300 * 86_400)
        let revived = try await RegistryHarness(folder: harness.folder, clock: harness.clock)
        _ = try await revived.listener.next("trust/timestamp")
        #expect(try revived.folder.read("trust/root.json") != root)
        #expect(try revived.verified(root: root).version == 2)
        await revived.kill()
    }
}
