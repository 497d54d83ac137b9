#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A watch on a wrist: accelerometer (m/s²) and gyroscope (rad/s) at 20 Hz.
///
/// Each activity moves the forearm's pitch and roll and adds accelerations of its own; gravity and turning rates follow
/// from the forearm's attitude. Wearers differ in pace, swing and posture, and in how they wear the watch: on either
/// wrist, either way round, a little twisted.
struct WristUnit: SceneUnit {
    enum Activity: String, CaseIterable { case still, walking, jogging, typing, clapping, drinking }

    private static let rate = 20.0
    private static let gravity = 9.81

    /// What the forearm does at one moment.
    private struct Motion {
        /// Elevation of the hand and turn about the forearm, radians.
        var pitch: Double
        var roll: Double
        /// Along the vertical, m/s².
        var bounce = 0.0
        /// In the forearm's frame, m/s².
        var jolt: (x: Double, y: Double, z: Double) = (0, 0, 0)
    }

    private var random: SeededGenerator
    private let drift: Double
    // What makes this wearer unlike others.
    private let pace: Double
    private let swing: Double
    private let vigour: Double
    private let noise: Double
    private let bias: [Double]
    /// Rows of the rotation from forearm to watch.
    private let wearing: [[Double]]
    private let twist: Double
    // State.
    private var activity = Activity.still
    private var elapsed = 0.0
    private var phase = 0.0
    private var tempo = 1.0
    private var strength = 1.0
    private var posture = (pitch: 0.0, roll: 0.0)
    private var wander = (pitch: 0.0, roll: 0.0)
    private var isActive = true
    private var untilChange = 0.0
    private var fidget = (left: 0.0, length: 1.0, size: 0.0)
    private var raise = 0.0
    private var last: (pitch: Double, roll: Double)?

    init(random: SeededGenerator, drift: Double) {
        var random = random
        self.drift = drift
        pace = random.uniform(1.6, 2.1)
        swing = random.uniform(0.1, 0.5)
        vigour = random.uniform(0.7, 1.4)
        noise = random.uniform(0.06, 0.14)
        bias = (0..<6).map { ($0 < 3 ? 0.12 : 0.02) * random.normal() }
        let flips: [[Double]] = [[1, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1]]
        let flip = flips[Int(random.next() % 4)]
        let small = (0..<3).map { _ in 0.18 * random.normal() }
        wearing = Self.rotation(small).map { row in zip(row, flip).map { $0 * $1 } }
        twist = random.uniform(-1, 1)
        self.random = random
    }

    mutating func begin(_ label: Int) {
        activity = Activity.allCases[label]
        elapsed = 0
        tempo = exp(0.06 * random.normal())
        strength = vigour * exp(0.15 * random.normal())
        isActive = true
        untilChange = random.uniform(2, 5)
        raise = 0
        // What happened between two activities is not told.
        last = nil
        switch activity {
        case .still:
            // Hanging, on a table, in the lap.
            let postures = [(-1.35, 0.1), (0.05, 0.1), (-0.35, 0.5)]
            posture = postures[Int(random.next() % 3)]
        case .walking: posture = (random.uniform(-1.4, -1), random.uniform(-0.2, 0.3))
        case .jogging: posture = (random.uniform(-0.4, 0.3), random.uniform(0.4, 1))
        case .typing: posture = (random.uniform(-0.05, 0.25), random.uniform(-0.2, 0.2))
        case .clapping: posture = (random.uniform(0.2, 0.8), random.uniform(0.8, 1.5))
        case .drinking: posture = (random.uniform(-0.4, 0.15), random.uniform(-0.2, 0.6))
        }
        posture.pitch += 0.1 * random.normal()
        posture.roll += 0.15 * random.normal()
    }

    mutating func next(into values: inout [Float], hours: Double) {
        let dt = 1 / Self.rate
        elapsed += dt
        untilChange -= dt
        wander.pitch += -0.3 * wander.pitch * dt + 0.02 * dt.squareRoot() * random.normal()
        wander.roll += -0.3 * wander.roll * dt + 0.025 * dt.squareRoot() * random.normal()
        var motion: Motion
        switch activity {
        case .still: motion = rest(dt)
        case .walking: motion = walk(dt)
        case .jogging: motion = jog(dt)
        case .typing: motion = type(dt)
        case .clapping: motion = clap(dt)
        case .drinking: motion = drink(dt)
        }
        motion.pitch += wander.pitch
        motion.roll += wander.roll
        report(motion, dt, hours, into: &values)
    }

    // MARK: Activities

    private mutating func rest(_ dt: Double) -> Motion {
        if fidget.left <= 0, random.happens(perSecond: 0.12, within: dt) {
            let length = random.uniform(0.5, 1.5)
            fidget = (length, length, random.uniform(0.1, 0.5) * (random.next() % 2 == 0 ? 1 : -1))
        }
        var motion = Motion(pitch: posture.pitch, roll: posture.roll)
        if fidget.left > 0 {
            fidget.left -= dt
            let part = sin(.pi * max(0, fidget.left) / fidget.length)
            motion.pitch += fidget.size * part
            motion.roll += 0.6 * fidget.size * part
        }
        return motion
    }

    private mutating func walk(_ dt: Double) -> Motion {
        // People stop now and then.
        if untilChange < 0 {
            isActive = !isActive || random.uniform(0, 1) < 0.7
            untilChange = isActive ? random.uniform(3, 9) : random.uniform(0.6, 1.6)
        }
        guard isActive else { return rest(dt) }
        let step = pace * tempo * (1 + 0.02 * random.normal())
        phase += 2 * .pi * step * dt
        var motion = Motion(pitch: posture.pitch + swing * strength * sin(phase / 2), roll: posture.roll)
        motion.roll += 0.3 * swing * sin(phase / 2 + 0.8)
        motion.bounce = strength * (1.7 * sin(phase) + 0.6 * sin(2 * phase + 0.6) + 0.3 * random.normal())
        motion.jolt.x = 0.6 * strength * sin(phase + 1) + 0.2 * random.normal()
        return motion
    }

    private mutating func jog(_ dt: Double) -> Motion {
        let step = (pace * 0.55 + 1.55) * tempo * (1 + 0.02 * random.normal())
        phase += 2 * .pi * step * dt
        var motion = Motion(pitch: posture.pitch + (0.25 + 0.4 * swing) * strength * sin(phase / 2), roll: posture.roll)
        motion.roll += 0.25 * strength * sin(phase / 2 + 0.5)
        let impact = max(0, sin(phase)) * max(0, sin(phase)) * max(0, sin(phase))
        motion.bounce = strength * (11 * impact - 3.5 + 1.2 * random.normal())
        motion.jolt.x = strength * (2.2 * sin(phase + 0.7) + 0.6 * random.normal())
        motion.jolt.y = strength * 0.9 * random.normal()
        return motion
    }

    private mutating func type(_ dt: Double) -> Motion {
        if untilChange < 0 {
            isActive.toggle()
            untilChange = isActive ? random.uniform(1.5, 6) : random.uniform(0.5, 4)
        }
        var motion = Motion(pitch: posture.pitch, roll: posture.roll)
        guard isActive else { return motion }
        if random.happens(perSecond: 6, within: dt) {
            motion.jolt.z = strength * random.uniform(0.15, 0.7) * (random.next() % 3 == 0 ? -1 : 1)
            motion.pitch += 0.015 * strength * random.normal()
            motion.roll += 0.03 * strength * random.normal()
        }
        // The hand travels over the keys.
        motion.jolt.y = 0.12 * strength * sin(2 * .pi * 0.7 * elapsed)
        motion.roll += 0.04 * strength * sin(2 * .pi * 0.45 * elapsed)
        return motion
    }

    private mutating func clap(_ dt: Double) -> Motion {
        if untilChange < 0 {
            isActive.toggle()
            untilChange = isActive ? random.uniform(2, 7) : random.uniform(0.4, 1.8)
        }
        guard isActive else { return rest(dt) }
        phase += 2 * .pi * (1.1 + pace) * tempo * (1 + 0.03 * random.normal()) * dt
        var motion = Motion(pitch: posture.pitch + 0.1 * sin(phase), roll: posture.roll + 0.12 * strength * sin(phase))
        let hit = max(0, sin(phase))
        motion.jolt.y = strength * (4 * sin(phase) + 9 * hit * hit * hit * hit + 0.8 * random.normal())
        motion.jolt.z = strength * (1.5 * sin(phase + 0.4) + 0.8 * random.normal())
        motion.jolt.x = strength * 0.8 * random.normal()
        return motion
    }

    private mutating func drink(_ dt: Double) -> Motion {
        if untilChange < 0 {
            isActive.toggle()
            untilChange = isActive ? random.uniform(2.5, 5) : random.uniform(1.5, 6)
        }
        // Up in about a second, a sip, and down again.
        let target = isActive ? 1.0 : 0
        raise += (target - raise) * min(1, 2.6 * tempo * dt)
        var motion = Motion(
            pitch: posture.pitch + (0.75 + 0.2 * strength) * raise, roll: posture.roll + 0.7 * raise)
        if isActive, raise > 0.8 { motion.pitch += 0.05 * sin(2 * .pi * 0.8 * elapsed) }
        motion.jolt.x = 0.1 * random.normal()
        return motion
    }

    // MARK: What the watch reports

    private mutating func report(_ motion: Motion, _ dt: Double, _ hours: Double, into values: inout [Float]) {
        let (sinPitch, cosPitch) = (sin(motion.pitch), cos(motion.pitch))
        let (sinRoll, cosRoll) = (sin(motion.roll), cos(motion.roll))
        let up = [sinPitch, cosPitch * sinRoll, cosPitch * cosRoll]
        let vertical = Self.gravity + motion.bounce
        let acceleration = [
            up[0] * vertical + motion.jolt.x, up[1] * vertical + motion.jolt.y, up[2] * vertical + motion.jolt.z,
        ]
        let before = last ?? (motion.pitch, motion.roll)
        let pitchRate = (motion.pitch - before.pitch) / dt
        let rollRate = (motion.roll - before.roll) / dt
        last = (motion.pitch, motion.roll)
        let turning = [
            rollRate, -pitchRate * cosRoll, pitchRate * sinRoll,
        ]
        // A strap that loosens lets the watch turn about the arm.
        let angle = twist * drift * hours * 3
        for (index, vector) in [Self.turned(acceleration, angle), Self.turned(turning, angle)].enumerated() {
            let sigma = index == 0 ? noise : 0.4 * noise
            for axis in 0..<3 {
                let value = wearing[axis][0] * vector[0] + wearing[axis][1] * vector[1] + wearing[axis][2] * vector[2]
                values.append(Self.quantised(value + bias[index * 3 + axis] + sigma * random.normal()))
            }
        }
    }

    /// A vector seen after the watch has turned about the forearm.
    private static func turned(_ vector: [Double], _ angle: Double) -> [Double] {
        guard angle != 0 else { return vector }
        return [
            vector[0], cos(angle) * vector[1] + sin(angle) * vector[2],
            cos(angle) * vector[2] - sin(angle) * vector[1],
        ]
    }

    /// Rows of the rotation by a small vector of angles (Rodrigues).
    private static func rotation(_ vector: [Double]) -> [[Double]] {
        let angle = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard angle > 1e-9 else { return [[1, 0, 0], [0, 1, 0], [0, 0, 1]] }
        let (x, y, z) = (vector[0] / angle, vector[1] / angle, vector[2] / angle)
        let (c, s, v) = (cos(angle), sin(angle), 1 - cos(angle))
        return [
            [c + x * x * v, x * y * v - z * s, x * z * v + y * s],
            [y * x * v + z * s, c + y * y * v, y * z * v - x * s],
            [z * x * v - y * s, z * y * v + x * s, c + z * z * v],
        ]
    }
}
