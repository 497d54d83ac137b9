/// Finds channels that are the x, y and z of one vector in space, by their names.
enum AxisFinder {
    /// - Returns: groups of three names: `ax ay az`, `acc_x acc_y acc_z`.
    static func axes(_ channels: [String]) -> [[String]] {
        let names = Set(channels)
        var axes: [[String]] = []
        for channel in channels {
            let letters = Array(channel)
            for (index, letter) in letters.enumerated() where letter == "x" || letter == "X" {
                let others = (letter == "x" ? ["y", "z"] : ["Y", "Z"]).map { other in
                    String(letters[..<index]) + other + String(letters[(index + 1)...])
                }
                if others.allSatisfy(names.contains) { axes.append([channel] + others) }
            }
        }
        return axes
    }
}
