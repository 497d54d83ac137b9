import Foundation
import Testing

@testable import SensorSimulation

@Suite("Generated scenes")
struct SceneTests {
    private func samples(_ scene: Scene, _ name: String, seconds: Int, seed: Int = 1, drift: Double = 0)
        -> [SourceSample]
    {
        let source = GeneratedSource(scene: scene, name: name, seed: seed, drift: drift)
        return (0..<Int(scene.rate) * seconds).map { _ in source.next() }
    }

    @Test("One seed and name give the same device, others another", arguments: Scene.allCases)
    func seeds(scene: Scene) {
        let one = samples(scene, "d-1", seconds: 40)
        #expect(samples(scene, "d-1", seconds: 40).map(\.values) == one.map(\.values))
        #expect(samples(scene, "d-2", seconds: 40).map(\.values) != one.map(\.values))
        #expect(samples(scene, "d-1", seconds: 40, seed: 2).map(\.values) != one.map(\.values))
    }

    @Test("Every class comes within three minutes, in stretches of 20 to 30 seconds", arguments: Scene.allCases)
    func schedule(scene: Scene) {
        let all = samples(scene, "d-1", seconds: 360)
        let early = all.prefix(Int(scene.rate) * 180)
        #expect(Set(early.compactMap(\.label)) == Set(scene.labels))
        let starts = all.indices.filter { all[$0].beginsBlock }
        for (from, to) in zip(starts, starts.dropFirst()) {
            let seconds = Double(to - from) / scene.rate
            #expect(seconds >= 20 && seconds <= 30)
            #expect(Set(all[from..<to].map(\.label)).count == 1)
        }
        let passes = starts.filter { all[$0].beginsPass }
        #expect(!passes.isEmpty && passes[0] == starts[scene.labels.count])
        for (index, sample) in all.enumerated() { #expect(sample.t == Double(index) / scene.rate) }
    }

    @Test("A wrist at rest measures gravity, whichever way the watch is worn")
    func gravity() {
        for wearer in 1...8 {
            let still = samples(.wrist, "wrist-\(wearer)", seconds: 170).filter { $0.label == "still" }
            let mean = still.reduce(0.0) { sum, sample in
                sum + sample.values[..<3].reduce(0.0) { $0 + Double($1 * $1) }.squareRoot()
            }
            #expect(abs(mean / Double(still.count) - 9.81) < 0.4)
            #expect(still.allSatisfy { $0.values.count == 6 && $0.values[3...].allSatisfy { abs($0) < 6 } })
        }
    }

    @Test("A worse bearing vibrates more, on every machine")
    func wear() {
        for machine in 1...6 {
            let all = samples(.bearing, "motor-\(machine)", seconds: 600)
            let power = Scene.bearing.labels.map { label in
                let values = all.filter { $0.label == label }.flatMap(\.values)
                return values.reduce(0.0) { $0 + Double($1 * $1) } / Double(values.count)
            }
            #expect(power == power.sorted(), "\(power)")
            #expect(power[3] > 2 * power[0])
        }
    }

    @Test("Values are finite and within what a sensor measures", arguments: Scene.allCases)
    func range(scene: Scene) {
        for name in ["a", "b", "c"] {
            for sample in samples(scene, name, seconds: 200, drift: 0.5) {
                #expect(sample.values.count == scene.channels.count)
                #expect(sample.values.allSatisfy { $0.isFinite && abs($0) < 160 })
            }
        }
    }

    @Test("Drift shows after hours, not at once", arguments: Scene.allCases)
    func drift(scene: Scene) {
        let without = samples(scene, "d-1", seconds: 1200)
        let with = samples(scene, "d-1", seconds: 1200, drift: 1)
        func difference(_ range: Range<Int>) -> Double {
            range.reduce(0.0) { sum, at in
                sum + zip(without[at].values, with[at].values).reduce(0.0) { $0 + abs(Double($1.0 - $1.1)) }
            } / Double(range.count)
        }
        let count = without.count
        #expect(difference(0..<count / 100) < 0.25 * difference(count * 9 / 10..<count))
        #expect(difference(count * 9 / 10..<count) > 0.05)
    }
}
