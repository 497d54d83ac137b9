import BusAPI
import BusMosquitto
import Foundation
import Telemetry
import Testing

/// The access list that `docs/operations.md` recommends, on a real broker with a real edge.
@Suite("Accounts on the broker", .serialized)
struct AccountTests {
    private static let accessList = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docker/acl.conf")

    @Test("Under the access list an edge does all its work, and can say nothing for another site or edge")
    func accessList() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "retort-accounts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (passwords, list) = (folder.appendingPathComponent("passwords"), folder.appendingPathComponent("acl"))
        try Data().write(to: passwords)
        for account in ["cloud", "north"] {
            try await Tool.run("mosquitto_passwd", ["-b", passwords.path, account, "secret"], package: "mosquitto")
        }
        try FileManager.default.copyItem(at: Self.accessList, to: list)
        for file in [passwords, list] {
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        }
        let settings = ["allow_anonymous false", "password_file \(passwords.path)", "acl_file \(list.path)"]
        try await ServiceStage.with(settings, password: "secret") { stage in
            _ = try await stage.registry()
            _ = try await stage.edge("gw-north", site: "north")
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))
            let device = DeviceID(site: "north", device: "probe-1")
            #expect(try await stage.inference(device, second: 0).version == 1)
            _ = try await stage.status("edge-inferencer", "gw-north", "its status") { _ in true }
            try await refusals(stage)
        }
    }

    private func refusals(_ stage: ServiceStage) async throws {
        let bus = try MosquittoBus(
            options: BusConnectionOptions(
                host: "127.0.0.1", port: stage.broker.port, clientID: "gw-other", username: "north", password: "secret"),
            logger: .quiet)
        try await bus.publish(whenConnected: BusMessage(topic: "retort/v1/energy/north/gw-other", text: "{}"))
        for topic in [
            "inference/south/probe-1/level", "window/south/probe-1/level", "energy/north/gw-north",
            "model/level/installed/north/gw-north", "model/level/candidate/00", "trust/targets", "model/level/task",
            "availability/service/edge-inferencer/gw-north", "job/request", "label/north/probe-1",
        ] {
            await #expect("\(topic) is not refused") {
                try await bus.publish(BusMessage(topic: "retort/v1/" + topic, text: "{}"))
            } throws: {
                ($0 as? BusError)?.code == .refused
            }
        }
        await bus.close()
    }
}
