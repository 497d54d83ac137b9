import Compression
import ModelArtifact
import NeuralNetwork

extension GridTuning {
    /// Rounds of giving steps back and training on with what is left.
    private static let rounds = 8
    /// Of the usual passes, in each round.
    private static let passes = 0.5

    /// Keeps the outcome within its budget, and tries the budgets of the curve.
    ///
    /// Budgets are kept on the base's own grid: a layer with new steps would travel as a whole.
    func restrain(_ outcome: inout Outcome, _ free: Pass, _ quantiser: Quantiser, base: Student) throws {
        guard options.updateBudget != nil || !options.updateCurve.isEmpty else { return }
        let own = try Quantiser(spec: base.spec, grid: Int8Grid(of: base))
        let start = quantiser.grid == own.grid ? free : try tune(free.weights, own, part: 2)
        let trim = { (budget: UpdateBudget) in
            try self.trim(start, own, base: base, within: try budget.bytes(of: free.student))
        }
        if let budget = options.updateBudget {
            let trimmed = try trim(budget)
            outcome.student = trimmed.student
            outcome.curve += trimmed.curve
            outcome.updateBytes = try UpdateBudget.size(from: base, to: trimmed.student)
        }
        for budget in options.updateCurve {
            let student: Student
            if budget == options.updateBudget {
                student = outcome.student
            } else {
                do {
                    student = try trim(budget).student
                } catch let error as DistillationError where error.code == .overBudget {
                    continue
                }
            }
            outcome.updates.append(
                BudgetedUpdate(
                    budget: budget, limit: try budget.bytes(of: free.student),
                    bytes: try UpdateBudget.size(from: base, to: student), student: student))
        }
    }

    /// An update within its budget: the moves that matter least go back to the base, in rounds with fine-tuning of those
    /// that stay.
    ///
    /// A move is worth half its square times the mean squared gradient by its value (a diagonal of Fisher's information), for
    /// each bit that it takes in an update.
    ///
    /// - Parameters:
    ///   - free: the student that no budget held back.
    ///   - limit: bytes that an update may take.
    /// - Throws: `DistillationError.overBudget` where not even an update without moves fits.
    private func trim(
        _ free: Pass, _ quantiser: Quantiser, base: Student, within limit: Int
    ) throws -> Pass {
        let size = try UpdateBudget.size(from: base, to: free.student)
        var pass = Pass(weights: free.weights, student: free.student, curve: [])
        guard size > limit else { return pass }
        // Each round gives back a like share: the eighth root of the whole.
        let share = (Double(limit) / Double(size)).squareRoot().squareRoot().squareRoot()
        var aim = Double(size)
        for round in 1...Self.rounds {
            aim *= share
            let within = round == Self.rounds ? limit : Int(aim)
            let frozen = try frozen(pass.weights, quantiser, base: base, within: within)
            frozen.apply(to: &pass.weights)
            let tuned = try tune(
                pass.weights, quantiser, frozen: frozen, part: 2 + round, share: Self.passes)
            pass = Pass(weights: tuned.weights, student: tuned.student, curve: pass.curve + tuned.curve)
            frozen.apply(to: &pass.weights)
        }
        // What moved further in the last round may have grown.
        if try UpdateBudget.size(from: base, to: pass.student) > limit {
            let frozen = try frozen(pass.weights, quantiser, base: base, within: limit)
            frozen.apply(to: &pass.weights)
            pass.student = try student(pass.weights, quantiser)
        }
        return pass
    }

    /// The moves to give back so that the update takes at most so many bytes.
    private func frozen(
        _ weights: NetworkWeights, _ quantiser: Quantiser, base: Student, within limit: Int
    ) throws -> FrozenValues {
        let start = try Quantiser.weights(of: base).values
        let steps = quantiser.steps(from: start, to: weights.values)
        let projected = quantiser.projected(weights)
        let information = try information(projected)
        let moved = steps.indices.filter { steps[$0] != 0 }
        func worth(_ index: Int) -> Float {
            let move = projected.values[index] - start[index]
            return information[index] * move * move / Float(Self.bits(steps[index]))
        }
        let order = moved.map { ($0, worth($0)) }.sorted { $0.1 != $1.1 ? $0.1 > $1.1 : $0.0 < $1.0 }.map(\.0)
        func keeping(_ count: Int) -> FrozenValues {
            var isFrozen = [Bool](repeating: true, count: start.count)
            for index in order.prefix(count) { isFrozen[index] = false }
            return FrozenValues(isFrozen: isFrozen, values: start)
        }
        func size(_ count: Int) throws -> Int {
            try UpdateBudget.size(from: base, to: student(weights, quantiser, keeping(count)))
        }
        let least = try size(0)
        guard least <= limit else {
            throw DistillationError(
                .overBudget, "an update that moves no weight takes \(least) bytes already, more than \(limit)")
        }
        var (kept, beyond) = (0, order.count + 1)
        while beyond - kept > 1 {
            let middle = (kept + beyond) / 2
            if try size(middle) <= limit { kept = middle } else { beyond = middle }
        }
        return keeping(kept)
    }

    /// About what a move of so many steps takes in an update: Elias' gamma code with a sign.
    private static func bits(_ steps: Int) -> Int { 2 + 2 * (Int.bitWidth - 1 - steps.magnitude.leadingZeroBitCount) }

    /// Mean squared gradient by each value, over small batches.
    private func information(_ weights: NetworkWeights) throws -> [Float] {
        let recorder = GradientSquares(count: weights.values.count)
        try trainer.record(weights, with: recorder, batches: 256, size: 8)
        return recorder.sums
    }
}

/// Adds up squared gradients, and changes no value.
private final class GradientSquares: Optimiser {
    private(set) var sums: [Float]

    init(count: Int) { sums = [Float](repeating: 0, count: count) }

    func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float) {
        for index in sums.indices { sums[index] += gradients[index] * gradients[index] }
    }

    var state: [[Float]] {
        get { [sums] }
        set { if let first = newValue.first { sums = first } }
    }
}
