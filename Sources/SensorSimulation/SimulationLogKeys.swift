/// Keys of the simulator's log metadata.
enum SimulationLogKeys {
    static let devices = "simulator.devices"
    static let data = "simulator.data"
    static let speed = "simulator.speed"
    static let sites = "simulator.sites"
    static let passes = "simulator.passes"
    static let missing = "simulator.sites.missing"
    static let error = "error"
}
