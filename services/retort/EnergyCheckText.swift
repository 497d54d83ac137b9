import EnergyPlanning
import FleetConsole
import Presentation

/// The check of the energy model as tables for people.
struct EnergyCheckText {
    private let check: EnergyCheck

    init(_ check: EnergyCheck) { self.check = check }

    var text: String {
        """
        Each network predicted from the board's others:

        \(rows.text)

        What a board's networks give together:

        \(boards.text)

        The largest error in joules is \(Figure.percent(check.largestEnergyError)), where at most \
        \(Figure.percent(EnergyCheck.goal)) is allowed.
        """
    }

    private var rows: TextTable {
        var table = TextTable(
            [("BOARD", .left), ("NETWORK", .left), ("PUBLISHED", .right), ("PREDICTED", .right), ("ERROR", .right)]
                + [("PUBLISHED", .right), ("FROM MACS", .right), ("ERROR", .right)])
        for row in check.rows {
            table.append([
                row.board, row.network, Figure.metric(row.publishedJoules, "J"),
                Figure.metric(row.predictedJoules, "J"), Figure.percent(row.energyError),
                Figure.metric(row.publishedSeconds, "s"), Figure.metric(row.predictedSeconds, "s"),
                Figure.percent(row.timeError),
            ])
        }
        return table
    }

    private var boards: TextTable {
        var table = TextTable(
            [("BOARD", .left), ("CORE", .left), ("POWER", .right), ("LOW", .right), ("HIGH", .right)]
                + [("MAC/S", .right), ("TIME OFF BY", .right)])
        for board in check.boards {
            table.append([
                board.board, board.core, Figure.metric(board.watts.value, "W"), Figure.metric(board.watts.low, "W"),
                Figure.metric(board.watts.high, "W"), Figure.metric(board.throughput, ""),
                "× \(Figure.significant(board.timeFactor))",
            ])
        }
        return table
    }
}
