#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
public import Distillation
import JSON

/// The folder that a study's files go to.
public struct StudyOutput: Sendable {
    public let folder: String

    /// Makes the folder where it is not there, and checks that it can be written to: before hours of training, not after.
    ///
    /// - Throws: ``StudyError`` `.output`.
    public init(folder: String) throws(StudyError) {
        self.folder = folder
        var path = folder.hasPrefix("/") ? "" : "."
        for part in folder.split(separator: "/") {
            path += "/\(part)"
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw StudyError(.output, "the folder \(folder) cannot be made: \(Self.reason)")
            }
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            throw StudyError(.output, "the folder \(folder) cannot be written to: \(Self.reason)")
        }
    }

    /// Writes `student.safetensors`, `teacher.safetensors`, `report.json` and `report.html`; each appears whole or not at
    /// all.
    ///
    /// - Throws: ``StudyError`` `.output`.
    public func write(_ result: Study.Result) throws(StudyError) {
        try write(result.student, to: "student.safetensors")
        try write(result.teacher, to: "teacher.safetensors")
        try write(Array(result.report.json.prettyText.utf8), to: "report.json")
        try write(Array(result.report.html.utf8), to: "report.html")
        for role in StudyReport.Role.allCases {
            for phase in DistillationProgress.Phase.allCases { unlink(path(Self.checkpoint(role, phase.rawValue))) }
        }
    }

    /// Keeps trainings in the folder, as hidden files that ``write(_:)`` removes.
    public func checkpoints(_ role: StudyReport.Role) -> Checkpoints {
        Checkpoints(
            load: { Self.read(path(Self.checkpoint(role, $0))) },
            save: { name, bytes in
                // A disk that is full must not end a training: the results may go elsewhere yet.
                do throws(StudyError) { try write(bytes, to: Self.checkpoint(role, name)) } catch {}
            })
    }

    private static func checkpoint(_ role: StudyReport.Role, _ name: String) -> String {
        ".training-\(role.rawValue)-\(name)"
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// All bytes of a file; nothing where there is none that can be read.
    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0) }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    private func write(_ bytes: [UInt8], to name: String) throws(StudyError) {
        let path = path(name)
        func fault() -> StudyError { StudyError(.output, "\(path) cannot be written: \(Self.reason)") }
        let descriptor = open(path + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw fault() }
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: buffer[start...]))
            }
            guard count > 0 || errno == EINTR else {
                let error = fault()
                close(descriptor)
                throw error
            }
            start += max(0, count)
        }
        guard close(descriptor) == 0, rename(path + ".part", path) == 0 else { throw fault() }
    }

    private static var reason: String { String(cString: strerror(errno)) }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, bytes.baseAddress, bytes.count)
}
