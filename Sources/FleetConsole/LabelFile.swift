public import ModelArtifact
import Recordings
import Telemetry

/// Labels from a CSV file: the columns `device` (site/device), `from`, `to`, `label` or `value`, and `id` if need be.
///
/// A field of `label` may give classes of several heads: `valve=73,pump=0`. Without `id`, the device and the start name a
/// label, so that the same file said twice says nothing new.
public struct LabelFile: Sendable {
    public let labels: [LabelDraft]

    /// Labels of a file at most.
    public static let limit = 1_000_000

    /// Reads a file and checks all of it.
    ///
    /// - Parameter now: when the labels are said, Unix seconds.
    /// - Throws: ``FleetConsoleError`` `.invalidOption` with the file and line at fault.
    public init(path: String, now: Double) throws(FleetConsoleError) {
        do {
            labels = try Self.read(path, now: now)
        } catch let error as RecordingError {
            throw FleetConsoleError(.invalidOption, error.description)
        } catch let error as FleetConsoleError {
            throw error
        } catch {
            throw FleetConsoleError(.invalidOption, "\(path): \(error)")
        }
    }

    private static func read(_ path: String, now: Double) throws -> [LabelDraft] {
        var reader = try CSVReader(path: path)
        let names = reader.columns
        func column(_ name: String) throws(FleetConsoleError) -> Int {
            guard let index = names.firstIndex(of: name) else {
                throw FleetConsoleError(
                    .invalidOption,
                    "\(path): there is no column \"\(name)\"; needed are device, from, to, and label or value")
            }
            return index
        }
        let (device, from, to) = (try column("device"), try column("from"), try column("to"))
        let isValue = !names.contains("label") && names.contains("value")
        let content = try column(isValue ? "value" : "label")
        let id = names.firstIndex(of: "id")
        var labels: [LabelDraft] = []
        while try reader.next() {
            guard labels.count < limit else {
                throw FleetConsoleError(.invalidOption, "\(path): more than \(limit) labels")
            }
            let name = try reader.text(device)
            let start = try reader.text(from)
            var given: String?
            if let id { given = try reader.text(id) }
            if given?.isEmpty == true { given = nil }
            do throws(FleetConsoleError) {
                var draft = try LabelDraft(
                    device: name, label: text(reader, content), isValue: isValue, id: given, from: start,
                    to: text(reader, to), now: now)
                if given == nil {
                    draft.message.id = "\(draft.device.device)-\(Int((draft.message.from * 1000).rounded()))"
                }
                labels.append(draft)
            } catch {
                throw reader.fault(.field, error.message)
            }
        }
        guard !labels.isEmpty else { throw FleetConsoleError(.invalidOption, "\(path): no label follows the header") }
        return labels
    }

    private static func text(_ reader: borrowing CSVReader, _ column: Int) throws(FleetConsoleError) -> String {
        do { return try reader.text(column) } catch { throw FleetConsoleError(.invalidOption, error.message) }
    }

    /// The first label that no task of its device knows; nothing where each is known.
    public func complaint(_ tasks: [TaskDocument]) -> String? {
        for label in labels { if let complaint = label.complaint(tasks) { return complaint } }
        return nil
    }
}
