import Foundation
import Logging
import Telemetry

/// A folder for each job that has not ended, under `jobs/` of the state directory.
struct JobFolders: Sendable {
    private let root: URL
    private let logger: Logger

    init(stateDirectory: String, logger: Logger) {
        root = URL(fileURLWithPath: stateDirectory).appendingPathComponent("jobs", isDirectory: true)
        self.logger = logger
    }

    subscript(id: String) -> JobFolder {
        // Requests are refused without one, so an id is a file name as well.
        precondition(Slug.isValid(id), "a job's id is a slug")
        let logger = logger
        return JobFolder(root.appendingPathComponent(id, isDirectory: true)) { file, reason in
            logger.warning(
                "a job's file is passed over",
                metadata: [
                    DistillationLogKeys.job: "\(id)", DistillationLogKeys.file: "\(file)",
                    DistillationLogKeys.reason: "\(reason)",
                ])
        }
    }

    /// Removes what jobs left that ended as the process did.
    func removeAll(except ids: Set<String>) throws {
        guard FileManager.default.fileExists(atPath: root.path) else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: root.path) where !ids.contains(name) {
            try FileManager.default.removeItem(at: root.appendingPathComponent(name))
        }
    }
}
