/// A kind of device that the simulator can generate.
public enum Scene: String, Sendable, CaseIterable {
    /// A slow rotating machine with a vibration sensor; its bearing wears in grades.
    case bearing
    /// A watch on a wrist, in several activities.
    case wrist

    var channels: [String] {
        switch self {
        case .bearing: ["vx", "vy", "vz"]
        case .wrist: ["ax", "ay", "az", "gx", "gy", "gz"]
        }
    }

    /// Samples per second.
    var rate: Double {
        switch self {
        case .bearing: 200
        case .wrist: 20
        }
    }

    /// The classes.
    var labels: [String] {
        switch self {
        case .bearing: BearingUnit.Grade.allCases.map(\.rawValue)
        case .wrist: WristUnit.Activity.allCases.map(\.rawValue)
        }
    }

    /// What devices are called: `motor-3`, `wrist-test-1`.
    var deviceName: String {
        switch self {
        case .bearing: "motor"
        case .wrist: "wrist"
        }
    }

    /// One device of the scene, unlike the others.
    func unit(random: SeededGenerator, drift: Double) -> any SceneUnit {
        switch self {
        case .bearing: BearingUnit(random: random, drift: drift)
        case .wrist: WristUnit(random: random, drift: drift)
        }
    }
}

/// A generated device: physics with a state, one sample at a time.
protocol SceneUnit {
    /// Starts a stretch of one class, by its place among the scene's labels.
    mutating func begin(_ label: Int)
    /// Appends the next sample.
    ///
    /// - Parameter hours: since the device started, for what drifts.
    mutating func next(into values: inout [Float], hours: Double)
}

extension SceneUnit {
    /// What a digital sensor reports: steps of a thousandth.
    static func quantised(_ value: Double) -> Float { Float((value * 1000).rounded() / 1000) }
}
