import ServiceRuntime
import Telemetry

extension EdgeSettings {
    /// What the sources files say together; nothing where none is named.
    ///
    /// - Throws: `ConfigurationError` that names the file and what is wrong in it: an edge that reads half of its sources
    ///   would look as if sensors were silent.
    static func sources(_ configuration: ServiceConfiguration) throws(ConfigurationError) -> SourcesDocument? {
        let key = "edge.sources"
        var merged: SourcesDocument?
        for path in try configuration.list(key) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            let name = String(parts.last ?? "")
            let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") + "/." : "."
            do {
                guard let bytes = try StateDirectory(existing: folder).read(name, limit: 4 << 20) else {
                    throw ConfigurationError(key: key, "\(key): there is no file \(path)")
                }
                let document = try SourcesDocument(file: bytes)
                merged = try merged?.merging(document) ?? document
            } catch let error as SourceError {
                throw ConfigurationError(key: key, "\(key): \(path): \(error.message)")
            } catch let error as EdgeError {
                throw ConfigurationError(key: key, "\(key): \(error)")
            } catch let error as ConfigurationError {
                throw error
            } catch {
                throw ConfigurationError(key: key, "\(key): \(path): \(error)")
            }
        }
        return merged
    }
}
