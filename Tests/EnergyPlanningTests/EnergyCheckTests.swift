import Energy
import Foundation
import JSON
import Testing

@testable import EnergyPlanning

@Suite("The energy model holds against published measurements")
struct EnergyCheckTests {
    private func published() throws -> PublishedEnergy {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = folder.appendingPathComponent("Benchmarks/energy/mlperf-tiny-v1.2.json")
        return try PublishedEnergy(json: try JSONValue(parsing: Array(try Data(contentsOf: file))))
    }

    @Test("Joules of MLPerf Tiny's networks are predicted within 15 % from the board's other networks")
    func energy() throws {
        let check = EnergyCheck(try published())
        #expect(check.rows.count == 12 && check.holds && check.largestEnergyError > 0.01)
        #expect(check.rows.allSatisfy { $0.energyError.magnitude <= EnergyCheck.goal })
        // By hand: the others' power on the Cortex-M4 is 42.64 mW, the network's published time 1/190.086 s.
        let row = try #require(check.rows.first { $0.board == "NUCLEO-L4R5ZI" && $0.network == "ad" })
        #expect(abs(row.predictedJoules / (0.04264 / 190.086) - 1) < 1e-3)
        #expect(abs(row.predictedSeconds / (264_192 / 73.2e6) - 1) < 1e-3)
        #expect(row.timeError < -0.3)
    }

    @Test("Profiles of the boards' cores hold what was published, with the error of the time in their bounds")
    func profiles() throws {
        let check = EnergyCheck(try published())
        for (core, profile) in [("Cortex-M4", DeviceProfile.cortexM4), ("Cortex-M33", .cortexM33)] {
            let board = try #require(check.boards.first { $0.core == core })
            #expect(abs(profile.activeCore.value / board.watts.value - 1) < 0.01)
            #expect(profile.activeCore.low <= board.watts.low && board.watts.high <= profile.activeCore.high)
            #expect(abs(profile.throughput.int8.value / board.throughput - 1) < 0.01)
            #expect(profile.throughput.int8.low <= board.throughput / board.timeFactor)
            #expect(profile.throughput.int8.high >= 0.99 * board.throughput * board.timeFactor)
            let networks = try published().networks
            for row in check.rows where row.core == core {
                let macs = try #require(networks.first { $0.name == row.network }).multiplyAccumulates
                let seconds = profile.seconds(multiplyAccumulates: macs, int8: true)
                #expect(seconds.low <= row.publishedSeconds && row.publishedSeconds <= seconds.high)
                let joules = profile.compute(seconds: seconds)
                #expect(joules.low <= row.publishedJoules && row.publishedJoules <= joules.high)
            }
        }
    }

    @Test("Benchmark rows say how far off each prediction is over what is allowed")
    func rows() throws {
        let rows = try #require(EnergyCheck(try published()).benchmarkRows.elements)
        #expect(rows.count == 24)
        let goals = rows.map { $0.object?["goal"] }
        #expect(goals.prefix(12).allSatisfy { $0?.number == 1 } && goals.suffix(12).allSatisfy { $0 == .null })
        for row in rows {
            let object = try #require(row.object)
            #expect(object.keys == ["case", "ours", "peer", "unit", "ratio", "goal"])
            let ratio = try #require(object["ratio"]?.number)
            #expect(abs(ratio - (object["ours"]?.number ?? 0) / 15) < 1e-3)
        }
    }

    @Test("A model that is off is found out")
    func offModel() throws {
        var published = try published()
        published.boards[0].measurements[0].joules *= 1.5
        #expect(!EnergyCheck(published).holds)
    }

    @Test(
        "Faults of the document are named",
        arguments: [
            "{}", #"{"source":"x","networks":[],"boards":[{"name":"b","core":"c","results":[]}]}"#,
            #"{"source":"x","networks":[{"name":"a","macs":1}],"boards":[{"name":"b","core":"c","results":[{"network":"z","microjoules":1,"energyRunPerSecond":1,"perSecond":1},{"network":"a","microjoules":1,"energyRunPerSecond":1,"perSecond":1}]}]}"#,
        ])
    func faults(text: String) throws {
        let json = try JSONValue(parsing: text)
        #expect {
            _ = try PublishedEnergy(json: json)
        } throws: {
            ($0 as? EnergyPlanningError)?.code == .invalidResults
        }
    }
}
