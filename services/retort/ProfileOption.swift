import ArgumentParser
import Energy

/// How commands take `--profile`.
enum ProfileOption {
    static let names = DeviceProfile.builtIn.map(\.hardware).joined(separator: ", ")

    static func find(_ text: String) throws -> DeviceProfile {
        do { return try DeviceProfile.find(text) } catch { throw ValidationError("--profile: \(error.message)") }
    }
}
