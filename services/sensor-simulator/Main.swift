import ArgumentParser
import BusMosquitto
import SensorSimulation
import ServiceRuntime

@main
struct SensorSimulator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sensor-simulator",
        abstract: "Plays a fleet of sensors on the bus: recordings, or generated machines and wrists.",
        discussion: """
            Publishes telemetry/{site}/{device}, and ground truth on label/ or, for test devices, on truth/ alone.

            Recordings: --set simulator.data=FOLDER with *.csv or *.csv.zst files (header t,channel,...,label). \
            Without a folder it generates scenes: --set simulator.devices=bearing=6+2,wrist=8+4. \
            Faster than the clock: --set simulator.speed=20. Faults: --set simulator.faults=gaps,spikes=2.

            \(ServiceConfiguration.help(for: SensorSimulationApp.keys))

            EXAMPLE:
              sensor-simulator --set bus.url=mqtt://localhost --set simulator.data=recordings --set simulator.speed=20
            """)

    @OptionGroup var options: ServiceOptions

    func run() async throws {
        try await ServiceRunner.run(
            "sensor-simulator", keys: SensorSimulationApp.keys, options: options,
            connect: { try MosquittoBus(options: $0, logger: $1) },
            build: { try await SensorSimulationApp(configuration: $1, context: $0).services })
    }
}
