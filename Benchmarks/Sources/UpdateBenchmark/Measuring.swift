import Foundation
import ModelArtifact
import ModelDelta

/// Sizes of one update by each method, and what decoding it takes.
enum Measuring {
    /// Prints the sizes and writes the smallest frame.
    static func sizes(base path: String, target: String, frame: String) throws {
        let (base, target) = (try Files.read(path), try Files.read(target))
        var sizes: [String: Int] = [:]
        for frame in try DeltaCodec.candidates(base: base, target: target) {
            sizes[frame.method.rawValue] = frame.bytes.count
        }
        let smallest = try DeltaCodec.encode(base: base, target: target)
        try Data(smallest.bytes).write(to: URL(fileURLWithPath: frame))
        let moves = Moves.of(try Student(decoding: target), from: try Student(decoding: base))
        print(
            "{\"bytes\": \(smallest.bytes.count), \"method\": \"\(smallest.method)\", \"file\": \(target.count), "
                + "\"full\": \(sizes["full"] ?? 0), \"prefix\": \(sizes["prefix"] ?? 0), "
                + "\"residual\": \(sizes["residual"] ?? 0), \"weights\": \(moves.count), "
                + "\"moved\": \(moves.count { $0 != 0 }), \"entropy\": \(Moves.entropy(moves))}")
    }

    /// Decodes a frame: memory of the first time, seconds of the best of many.
    static func decoding(base path: String, frame: String) throws {
        let base = try Files.read(path)
        let frame = try DeltaFrame(try Files.read(frame))
        func decode() throws -> Int { try DeltaCodec.decode(frame, base: base, maximumBytes: 1 << 22).count }
        // Linux takes this as: forget the largest resident size so far.
        try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
        let before = try kilobytes("VmHWM")
        let count = try decode()
        let grown = try kilobytes("VmHWM") - before
        let clock = ContinuousClock()
        var best = Duration.seconds(60)
        for _ in 0..<200 { best = min(best, try clock.measure { _ = try decode() }) }
        print("{\"file\": \(count), \"seconds\": \(best / .seconds(1)), \"kilobytes\": \(grown)}")
    }

    private static func kilobytes(_ key: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(key):") }
        return line.flatMap { $0.split { !$0.isNumber }.first }.flatMap { Int($0) } ?? 0
    }
}
