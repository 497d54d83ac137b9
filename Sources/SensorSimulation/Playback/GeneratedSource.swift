/// A generated device: every class in turn, in an order of its own, in stretches of 20 to 30 seconds.
final class GeneratedSource: SampleSource {
    let channels: [String]
    let interval: Double
    let labelsAreValues = false
    private let labels: [String]
    private let rate: Double
    private var unit: any SceneUnit
    private var random: SeededGenerator
    private var index = 0
    private var order: [Int] = []
    private var place = 0
    private var left = 0

    /// - Parameters:
    ///   - name: the device's; devices of one seed and name are the same.
    ///   - drift: share that the device changes by in an hour.
    init(scene: Scene, name: String, seed: Int, drift: Double) {
        channels = scene.channels
        rate = scene.rate
        interval = 1 / scene.rate
        labels = scene.labels
        unit = scene.unit(random: SeededGenerator(seed: seed, name: name), drift: drift)
        random = SeededGenerator(seed: seed, name: name + "/schedule")
        order = Array(labels.indices).shuffled(using: &random)
    }

    func next() -> SourceSample {
        let beginsBlock = left == 0
        var beginsPass = false
        if beginsBlock {
            if place == order.count {
                place = 0
                order.shuffle(using: &random)
                beginsPass = true
            }
            left = Int(rate) * (20 + 5 * Int(random.next() % 3))
            unit.begin(order[place])
            place += 1
        }
        var values: [Float] = []
        values.reserveCapacity(channels.count)
        let t = Double(index) / rate
        unit.next(into: &values, hours: t / 3600)
        index += 1
        left -= 1
        return SourceSample(
            t: t, label: labels[order[place - 1]], beginsBlock: beginsBlock, beginsPass: beginsPass, values: values)
    }
}
