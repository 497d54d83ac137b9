import Distillation
import Foundation
import NeuralNetwork
import Recordings

@testable import DistillationReports

/// A folder with small readings that goes away with the last reference.
final class SmallStudy {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("retort-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    /// Sines of two frequencies and noise, by people of different strength: `t,ax,ay,az,user,label`.
    static func waves(
        people: Int = 6, seconds: Int = 40, labels: [String] = ["slow", "fast"], seed: UInt64 = 1
    ) -> String {
        var random = RandomSource(seed: seed)
        var text = "t,ax,ay,az,user,label\n"
        for person in 0..<people {
            for (index, label) in labels.enumerated() {
                for k in 0..<seconds * 10 {
                    let t = Double(index * seconds) + Double(k) / 10
                    let wave = sin(t * (index == 0 ? 2.5 : 6) + Double(person)) * (1 + 0.2 * Double(person))
                    let values = [wave, -2 * wave, 1].map { Float($0) + 0.3 * random.normal() }
                    text += String(format: "%.1f", t) + values.map { String(format: ",%.3f", $0) }.joined()
                    text += ",p\(person),\(label)\n"
                }
            }
        }
        return text
    }

    func options(_ text: String, group: String? = "user") throws -> StudyOptions {
        var layout = ReadingsLayout(labels: ["label"], group: group)
        if group == nil { layout.ignored = ["user"] }
        var options = StudyOptions(paths: [try write("readings.csv", text)], layout: layout)
        options.parameters = 600
        options.distillation.threads = 1
        options.distillation.batch = 32
        options.distillation.teacherEpochs = 6
        options.distillation.studentEpochs = 24
        options.distillation.quantisedEpochs = 4
        options.distillation.copies = 2
        return options
    }
}
