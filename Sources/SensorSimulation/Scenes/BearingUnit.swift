#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A slow rotating machine (2.5 to 4 turns a second) with a three-axis vibration sensor, m/s² at 200 Hz.
///
/// The shaft gives its turning frequency and harmonics; a worn outer race gives an impulse at each passing ball, which
/// makes the housing ring at its resonance. Load and speed wander, a neighbour hums now and then, and every machine has
/// its own balance, alignment, resonance, mounting and noise.
struct BearingUnit: SceneUnit {
    enum Grade: String, CaseIterable {
        case healthy, early, marked, severe

        /// Height of an impulse, m/s².
        var impulse: Double {
            switch self {
            case .healthy: 0.1
            case .early: 0.8
            case .marked: 1.9
            case .severe: 4.2
            }
        }

        /// Roughness raises the broadband noise as well.
        var noise: Double {
            switch self {
            case .healthy: 1
            case .early: 1.06
            case .marked: 1.18
            case .severe: 1.5
            }
        }
    }

    private static let rate = 200.0
    /// Balls that pass a point of the outer race in a turn.
    private static let ballsPassing = 3.58

    private var random: SeededGenerator
    private let drift: Double
    // What makes this machine unlike others.
    private let turning: Double
    private let imbalance: Double
    private let misalignment: Double
    private let mesh: Double
    private let noise: Double
    private let sensitivity: Double
    private let resonance: Double
    private let damping: Double
    private let coupling: (x: Double, y: Double, z: Double)
    private let tilt: Double
    private let neighbour: Double
    // State.
    private var grade = Grade.healthy
    private var severity = 1.0
    private var load = 0.0
    private var shaft = 0.0
    private var untilImpulse = 0.0
    private var ringing = (0.0, 0.0)
    private var neighbourPhase = 0.0
    private var neighbourOn = false

    init(random: SeededGenerator, drift: Double) {
        var random = random
        self.drift = drift
        turning = random.uniform(2.5, 4)
        imbalance = random.uniform(0.25, 0.9)
        misalignment = random.uniform(0.05, 0.45)
        mesh = random.uniform(0.05, 0.3)
        noise = random.uniform(0.25, 0.5)
        sensitivity = random.uniform(0.8, 1.25)
        resonance = random.uniform(55, 80)
        damping = random.uniform(0.05, 0.1)
        coupling = (random.uniform(0.8, 1.1), random.uniform(0.6, 1), random.uniform(0.25, 0.6))
        tilt = random.uniform(-0.4, 0.4)
        neighbour = random.uniform(27, 34)
        self.random = random
    }

    mutating func begin(_ label: Int) {
        grade = Grade.allCases[label]
        // Wear is a matter of degree: stretches of one grade differ.
        severity = exp(0.28 * random.normal())
    }

    mutating func next(into values: inout [Float], hours: Double) {
        let dt = 1 / Self.rate
        // Load wanders over seconds and drags the speed down a little.
        load += (-load * 0.4 * dt) + 0.35 * (0.8 * dt).squareRoot() * random.normal()
        let frequency = turning * (1 - 0.03 * load)
        shaft += 2 * .pi * frequency * dt

        // Balls slip: the impulses are never exactly periodic.
        var strike = 0.0
        untilImpulse -= Self.ballsPassing * frequency * dt
        if untilImpulse <= 0 {
            untilImpulse += 1 + 0.02 * random.normal()
            let zone = 1 + 0.25 * cos(shaft)
            strike = grade.impulse * severity * (1 + 0.35 * load) * zone * exp(0.25 * random.normal())
        }
        // Bolts that loosen lower the resonance.
        let ringingFrequency = resonance * (1 - 0.2 * min(1, drift * hours))
        let decay = exp(-damping * 2 * .pi * ringingFrequency * dt)
        let turn = 2 * decay * cos(2 * .pi * ringingFrequency * dt)
        let ring = turn * ringing.0 - decay * decay * ringing.1 + strike
        ringing = (ring, ringing.0)

        if random.happens(perSecond: 0.1, within: dt) { neighbourOn.toggle() }
        neighbourPhase += 2 * .pi * neighbour * dt
        let hum = neighbourOn ? 0.25 * sin(neighbourPhase) : 0

        let heavy = 1 + 0.25 * load
        let radial = heavy * (imbalance * cos(shaft) + misalignment * cos(2 * shaft + 0.7) + mesh * cos(11 * shaft))
        let across = heavy * (imbalance * sin(shaft) + misalignment * sin(2 * shaft + 0.2) + mesh * sin(11 * shaft))
        let axial = heavy * 0.6 * misalignment * cos(2 * shaft + 1.1)
        let floor = noise * grade.noise
        let x = coupling.x * ring + radial + hum + floor * random.normal()
        let y = coupling.y * 0.7 * ring + across + 0.5 * hum + floor * random.normal()
        let z = coupling.z * ring + axial + 0.3 * hum + 0.7 * floor * random.normal()
        // The sensor is mounted a little askew, and its sensitivity drifts.
        let gain = sensitivity * (1 - 0.5 * drift * hours)
        values.append(Self.quantised(gain * (cos(tilt) * x - sin(tilt) * y)))
        values.append(Self.quantised(gain * (sin(tilt) * x + cos(tilt) * y)))
        values.append(Self.quantised(gain * z))
    }
}
