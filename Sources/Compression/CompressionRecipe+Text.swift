extension CompressionRecipe {
    /// Reads `channels:0.5,low-rank:0.95,prune:0.5,int8`, each step with settings behind further colons:
    ///
    /// | step | settings |
    /// | --- | --- |
    /// | `channels:SHARE` | of the parameters to keep; `norm` or `taylor` (the default); `rounds=3` |
    /// | `low-rank:SHARE` or `low-rank:COUNT` | of the energy to keep, or parameters in all |
    /// | `prune:SHARE` | of the weights to zero; `layer` or `global` (the default); `stages=4` |
    /// | `int8` | `mse` (the default), `min-max` or `percentile=99.9`; last, and there also if left out |
    ///
    /// - Throws: `CompressionError.badRecipe`, naming the step.
    public init(_ text: String, allowedLoss: Double = 0.005) throws(CompressionError) {
        self.init(allowedLoss: allowedLoss)
        let entries = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        for (position, entry) in entries.enumerated() {
            var parts = entry.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            let name = parts.removeFirst()
            switch name {
            case "channels": steps.append(try Self.channels(entry, parts))
            case "low-rank": steps.append(try Self.lowRank(entry, parts))
            case "prune": steps.append(try Self.prune(entry, parts))
            case "int8":
                guard position == entries.count - 1 else { throw Self.bad(entry, "the int8 grid comes last") }
                if let method = parts.first { calibration = try Self.calibration(entry, method) }
                guard parts.count <= 1 else { throw Self.bad(entry, "int8 has one setting") }
            default: throw Self.bad(entry, "a step is channels, low-rank, prune or int8")
            }
        }
    }

    private static func bad(_ entry: String, _ why: String) -> CompressionError {
        CompressionError(.badRecipe, "recipe: \"\(entry)\": \(why)")
    }

    private static func share(_ entry: String, _ parts: inout [String]) throws(CompressionError) -> Double {
        guard !parts.isEmpty, let share = Double(parts.removeFirst()), share > 0, share < 1 else {
            throw bad(entry, "a share between 0 and 1 comes first, as in \(entry.prefix { $0 != ":" }):0.5")
        }
        return share
    }

    private static func count(_ entry: String, _ part: String, _ key: String) throws(CompressionError) -> Int? {
        guard part.hasPrefix("\(key)=") else { return nil }
        guard let count = Int(part.dropFirst(key.count + 1)), (1...32).contains(count) else {
            throw bad(entry, "\(key) is 1 to 32")
        }
        return count
    }

    private static func channels(_ entry: String, _ rest: [String]) throws(CompressionError) -> Step {
        var parts = rest
        let keep = try share(entry, &parts)
        var (score, rounds) = (ChannelScore.taylor, 3)
        for part in parts {
            if let chosen = ChannelScore(rawValue: part) {
                score = chosen
            } else if let count = try count(entry, part, "rounds") {
                rounds = count
            } else {
                throw bad(entry, "\(part) is none of norm, taylor, rounds=N")
            }
        }
        return .channels(keep: keep, score: score, rounds: rounds)
    }

    private static func lowRank(_ entry: String, _ parts: [String]) throws(CompressionError) -> Step {
        guard parts.count == 1 else { throw bad(entry, "one number: a share below 1, or parameters") }
        if let count = Int(parts[0]), count >= 2 { return .lowRank(.parameters(count)) }
        guard let energy = Double(parts[0]), energy > 0, energy < 1 else {
            throw bad(entry, "\(parts[0]) is neither a share below 1 nor a number of parameters")
        }
        return .lowRank(.energy(energy))
    }

    private static func prune(_ entry: String, _ rest: [String]) throws(CompressionError) -> Step {
        var parts = rest
        let sparsity = try share(entry, &parts)
        var (scope, stages) = (PruningMask.Scope.global, 4)
        for part in parts {
            if let chosen = PruningMask.Scope(rawValue: part) {
                scope = chosen
            } else if let count = try count(entry, part, "stages") {
                stages = count
            } else {
                throw bad(entry, "\(part) is none of layer, global, stages=N")
            }
        }
        return .prune(sparsity: sparsity, scope: scope, stages: stages)
    }

    private static func calibration(_ entry: String, _ name: String) throws(CompressionError) -> CalibrationMethod {
        switch name {
        case "mse": return .meanSquare
        case "min-max": return .minMax
        default:
            guard name.hasPrefix("percentile="), let percent = Double(name.dropFirst(11)), percent > 50, percent <= 100
            else { throw bad(entry, "\(name) is none of mse, min-max, percentile=99.9") }
            return .percentile(percent)
        }
    }

    /// As ``init(_:allowedLoss:)`` reads it.
    public var text: String { (steps.map(\.description) + [calibration.description]).joined(separator: ",") }
}

extension CalibrationMethod: CustomStringConvertible {
    /// As a recipe's text has it.
    public var description: String {
        switch self {
        case .meanSquare: "int8"
        case .minMax: "int8:min-max"
        case .percentile(let percent): "int8:percentile=\(percent)"
        }
    }
}

extension CompressionRecipe.Step: CustomStringConvertible {
    /// As a recipe's text has it.
    public var description: String {
        switch self {
        case .channels(let keep, let score, let rounds): "channels:\(keep):\(score.rawValue):rounds=\(rounds)"
        case .lowRank(.energy(let energy)): "low-rank:\(energy)"
        case .lowRank(.parameters(let count)): "low-rank:\(count)"
        case .prune(let sparsity, let scope, let stages): "prune:\(sparsity):\(scope.rawValue):stages=\(stages)"
        }
    }
}
