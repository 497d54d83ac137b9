import Foundation
import Testing
@testable import SensorSimulation
@Test("dump") func dump() throws {
    for scene in Scene.allCases {
        var out = [Float]()
        var meta = ""
        let w = scene == .wrist ? 100 : 200, step = scene == .wrist ? 50 : 200
        for d in 0..<40 {
            let s = GeneratedSource(scene: scene, name: "\(scene.deviceName)-\(d)", seed: 1, drift: 0)
            var buf = [Float](), labels = [String]()
            let n = Int(scene.rate) * (scene == .wrist ? 900 : 300)
            for _ in 0..<n { let x = s.next(); buf += x.values; labels.append(x.label!) }
            let c = scene.channels.count
            for start in stride(from: 0, through: n - w, by: step) where Set(labels[start..<start+w]).count == 1 {
                out += buf[start*c..<(start+w)*c]
                meta += "\(d),\(labels[start])\n"
            }
        }
        try out.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: "/tmp/dump-\(scene.rawValue).f32")) }
        try meta.write(toFile: "/tmp/dump-\(scene.rawValue).csv", atomically: true, encoding: .utf8)
    }
}
