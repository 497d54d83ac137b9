import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The recordings of a folder: every `*.csv` and `*.csv.zst`, in the order of their names.
public struct RecordingFolder: Sendable, Equatable {
    /// One recording, which becomes a device.
    public struct Entry: Sendable, Equatable {
        /// The file's name without extensions, as a slug: the device's name.
        public var name: String
        public var path: String
        /// Whether its labels are for scoring alone: names that begin with `test-`.
        public var isEvaluation: Bool { name.hasPrefix("test-") }
    }

    public var path: String
    public var entries: [Entry]

    /// The folder's own name.
    public var name: String {
        String(path.split(separator: "/").last { $0 != "." && $0 != ".." } ?? "data")
    }

    /// Lists a folder.
    ///
    /// - Throws: ``RecordingError`` where it cannot be read, holds no recording, or two of one name.
    public init(path: String) throws(RecordingError) {
        self.path = path
        guard let directory = opendir(path) else {
            throw RecordingError(.unreadable, "cannot be listed: \(String(cString: strerror(errno)))", file: path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        entries = names.sorted().compactMap { file in
            guard let stem = Self.stem(of: file) else { return nil }
            return Entry(name: Slug.make(stem), path: path + "/" + file)
        }
        guard !entries.isEmpty else {
            throw RecordingError(.empty, "no *.csv or *.csv.zst stands in the folder", file: path)
        }
        for (index, entry) in entries.enumerated() where entries[..<index].contains(where: { $0.name == entry.name }) {
            throw RecordingError(.mixed, "two recordings have the device name \"\(entry.name)\"", file: path)
        }
    }

    private static func stem(of file: String) -> String? {
        for suffix in [".csv", ".csv.zst"] where file.hasSuffix(suffix) && file.utf8.count > suffix.utf8.count {
            return file.hasPrefix(".") ? nil : String(file.dropLast(suffix.count))
        }
        return nil
    }

    /// A part of the recordings.
    ///
    /// - Parameters:
    ///   - people: so many to train on at most, and half as many, rounded up, to evaluate on.
    ///   - names: only these.
    /// - Throws: ``RecordingError`` where a name is none of the folder's, or nothing is left.
    public func selecting(people: Int? = nil, names: [String] = []) throws(RecordingError) -> RecordingFolder {
        var folder = self
        for name in names where !entries.contains(where: { $0.name == name }) {
            throw RecordingError(.empty, "there is no recording \"\(name)\"", file: path)
        }
        if !names.isEmpty { folder.entries.removeAll { !names.contains($0.name) } }
        if let people {
            let training = folder.entries.filter { !$0.isEvaluation }.prefix(people)
            let evaluation = folder.entries.filter(\.isEvaluation).prefix((people + 1) / 2)
            folder.entries = Array(training + evaluation)
        }
        guard !folder.entries.isEmpty else { throw RecordingError(.empty, "no recording is selected", file: path) }
        return folder
    }
}
