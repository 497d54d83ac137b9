import Distillation
import Foundation
import ModelArtifact

/// What one job keeps on disk until it ends: the samples it began with, and its training after the last epoch.
///
/// Files are written whole or not at all and carry their SHA-256 in front; one that does not agree with it is passed over.
struct JobFolder: Sendable {
    /// Deaths of the process without an epoch between them after which a job is given up: it is most likely their cause.
    static let deaths = 3

    private let folder: URL
    private let passedOver: @Sendable (_ file: String, _ reason: String) -> Void

    /// - Parameter passedOver: told of each file that cannot be read or written.
    init(_ folder: URL, passedOver: @escaping @Sendable (_ file: String, _ reason: String) -> Void) {
        self.folder = folder
        self.passedOver = passedOver
    }

    // MARK: Deaths

    /// Notes that the job is under way.
    ///
    /// - Throws: ``Rejection`` where it has ended the process too often.
    func begin() throws(Rejection) {
        let deaths = load(Self.begun).map { Int($0.first ?? 0) } ?? 0
        guard deaths < Self.deaths else {
            throw Rejection(
                code: "killed",
                reason:
                    "the distiller was killed \(deaths) times before an epoch of this job was done; it may lack memory")
        }
        save(Self.begun, [UInt8(deaths + 1)])
    }

    /// Notes that what follows is no death of this job's: an epoch was done, or the process ends in good order.
    func forgive() { remove(Self.begun) }

    // MARK: Samples and checkpoints

    /// The samples that the job began with; nothing where there are none that can be used.
    func samples() -> CollectedSamples? {
        guard let bytes = load(Self.snapshot) else { return nil }
        do {
            return try CollectedSamples(decoding: bytes)
        } catch {
            passedOver(Self.snapshot, "\(error)")
            return nil
        }
    }

    func keep(_ samples: CollectedSamples) { save(Self.snapshot, samples.encode()) }

    /// Where the job's trainings are kept after each epoch.
    var checkpoints: Checkpoints {
        Checkpoints(
            load: { load($0 + Self.suffix) },
            save: { name, bytes in
                save(name + Self.suffix, bytes)
                forgive()
            }, passedOver: { passedOver($0 + Self.suffix, $1) })
    }

    /// Removes everything: the job has ended.
    func remove() { removeItem(folder) }

    // MARK: Files

    private static let begun = "begun"
    private static let snapshot = "samples.safetensors"
    private static let suffix = ".checkpoint"
    private static let sealBytes = 32

    private func load(_ name: String) -> [UInt8]? {
        let file = folder.appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            let data = try Data(contentsOf: file)
            let content = Array(data.dropFirst(Self.sealBytes))
            guard ContentDigest(of: content).bytes.elementsEqual(data.prefix(Self.sealBytes)) else {
                passedOver(name, "it is damaged")
                return nil
            }
            return content
        } catch {
            passedOver(name, "\(error)")
            return nil
        }
    }

    private func save(_ name: String, _ content: [UInt8]) {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var data = Data(capacity: Self.sealBytes + content.count)
            data.append(contentsOf: ContentDigest(of: content).bytes)
            data.append(contentsOf: content)
            try data.write(to: folder.appendingPathComponent(name), options: .atomic)
        } catch {
            passedOver(name, "it cannot be written: \(error)")
        }
    }

    private func remove(_ name: String) { removeItem(folder.appendingPathComponent(name)) }

    private func removeItem(_ item: URL) {
        guard FileManager.default.fileExists(atPath: item.path) else { return }
        do { try FileManager.default.removeItem(at: item) } catch {
            passedOver(item.lastPathComponent, "it cannot be removed: \(error)")
        }
    }
}
