public import JSON

/// A file that edges may install: its place, size and digest, and what it is for.
public struct ReleaseTarget: Sendable, Equatable {
    /// A student and the edges it is meant for; at `students/{model}/{version}.safetensors`.
    public struct Student: Sendable, Equatable {
        public var model: String
        /// Counts up with every student of the model.
        public var version: Int
        /// Hardware profile that the student was made for.
        public var profile: String
        public var channel: String
        public var wave: ReleaseWave
        /// Edges may go back to it from a higher version.
        public var isRollback: Bool

        public init(
            model: String, version: Int, profile: String, channel: String, wave: ReleaseWave = .everyone,
            isRollback: Bool = false
        ) {
            self.model = model
            self.version = version
            self.profile = profile
            self.channel = channel
            self.wave = wave
            self.isRollback = isRollback
        }
    }

    public enum Kind: Sendable, Equatable {
        case student(Student)
        /// The task document of a model; at `tasks/{model}.json`.
        case task(model: String)
        /// A kind that this version does not know, with its `custom` object.
        case other(JSONObject)
    }

    public let path: String
    /// Bytes.
    public let length: Int
    /// SHA-256 in hexadecimal.
    public let sha256: String
    public let kind: Kind

    public static func student(_ student: Student, length: Int, sha256: String) -> ReleaseTarget {
        ReleaseTarget(
            path: "students/\(student.model)/\(student.version).safetensors", length: length, sha256: sha256,
            kind: .student(student))
    }

    public static func task(model: String, length: Int, sha256: String) -> ReleaseTarget {
        ReleaseTarget(path: "tasks/\(model).json", length: length, sha256: sha256, kind: .task(model: model))
    }

    /// The student's release, where the target is one.
    public var student: Student? {
        if case .student(let student) = kind { student } else { nil }
    }

    init(path: String, length: Int, sha256: String, kind: Kind) {
        self.path = path
        self.length = length
        self.sha256 = sha256
        self.kind = kind
    }
}

extension ReleaseTarget {
    /// The target as a member of `targets`.
    var json: JSONValue {
        var object: JSONObject = [
            "length": .integer(Int64(length)), "hashes": .object(["sha256": .string(sha256)]),
        ]
        switch kind {
        case .student(let student): object["custom"] = .object(student.custom)
        case .task(let model): object["custom"] = .object(["model": .string(model)])
        case .other(let custom): if !custom.isEmpty { object["custom"] = .object(custom) }
        }
        return .object(object)
    }

    /// - Throws: `JSONError` that names the key at fault.
    init(path: String, json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json, path: "targets.\(path)")
        length = try reader.integer("length")
        sha256 = try reader.object("hashes").string("sha256")
        guard length >= 0, Hexadecimal.bytes(sha256)?.count == 32, sha256 == sha256.lowercased() else {
            throw JSONError(.wrongType, "targets.\(path): the length or the sha256 is no sound one")
        }
        self.path = path
        let custom = try reader.optionalObject("custom")
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if parts.first == "students" {
            guard let custom else { throw JSONError(.missingKey, "targets.\(path).custom is missing") }
            let student = try Student(custom: custom)
            guard path == "students/\(student.model)/\(student.version).safetensors" else {
                throw JSONError(
                    .wrongType, "targets.\(path): custom speaks of \(student.model) version \(student.version)")
            }
            kind = .student(student)
        } else if parts.first == "tasks" {
            let model = try custom?.optionalString("model") ?? ""
            guard path == "tasks/\(model).json" else {
                throw JSONError(.wrongType, "targets.\(path): custom speaks of the model \"\(model)\"")
            }
            kind = .task(model: model)
        } else {
            kind = .other(custom?.object ?? [:])
        }
    }
}

extension ReleaseTarget.Student {
    fileprivate var custom: JSONObject {
        var object: JSONObject = [
            "model": .string(model), "version": .integer(Int64(version)), "profile": .string(profile),
            "channel": .string(channel),
            "wave": .object([
                "share": .integer(Int64(wave.share)), "salt": .string(wave.salt),
                "sites": .array(wave.sites.map(JSONValue.string)),
            ]),
        ]
        if isRollback { object["rollback"] = .integer(1) }
        return object
    }

    fileprivate init(custom reader: JSONObjectReader) throws(JSONError) {
        let wave = try reader.object("wave")
        self.init(
            model: try reader.string("model"), version: try reader.integer("version"),
            profile: try reader.string("profile"), channel: try reader.string("channel"),
            wave: ReleaseWave(
                share: try wave.integer("share"), salt: try wave.string("salt"), sites: try wave.strings("sites")),
            isRollback: try reader.optionalInteger("rollback") == 1)
        guard version >= 1, (0...1000).contains(self.wave.share) else {
            throw JSONError(.wrongType, "\(reader.path): the version or the wave's share is out of range")
        }
    }
}
