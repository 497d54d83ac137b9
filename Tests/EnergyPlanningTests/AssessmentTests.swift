import Energy
import JSON
import ModelArtifact
import Testing

@testable import EnergyPlanning

@Suite("A student is held against every limit of a device")
struct AssessmentTests {
    private func demand(
        fileBytes: Int = 10_000, arenaBytes: Int = 4000, macs: Int = 1_000_000, rate: Double = 2
    ) -> StudentDemand {
        StudentDemand(
            name: "level", fileBytes: fileBytes, weightBytes: 8000, arenaBytes: arenaBytes, parameters: 3000,
            multiplyAccumulates: macs, isInt8: true, rate: rate, messageBytes: 300,
            limits: .init(profile: "cortex-m4", parameters: 4000, bytes: 16_384))
    }

    private func limit(_ assessment: Assessment, _ name: String) throws -> Assessment.Limit {
        try #require(assessment.limits.first { $0.name == name })
    }

    @Test("What a student asks for is read from its file")
    func file() throws {
        let bytes = try HandmadeStudent.bytes()
        let demand = try StudentDemand(file: bytes)
        #expect(demand.name == "level" && demand.fileBytes == bytes.count && demand.isInt8)
        #expect(demand.multiplyAccumulates == 40 && demand.parameters == 42 && demand.weightBytes == 48)
        #expect(demand.rate == 2 && demand.arenaBytes >= 28 && (200..<500).contains(demand.messageBytes))
        #expect(throws: EnergyPlanningError.self) { try StudentDemand(file: [1, 2, 3]) }
    }

    @Test("Costs follow from the profile: time, duty, joules, and their inverses with bounds turned round")
    func costs() throws {
        let profile = DeviceProfile.cortexM4
        let assessment = Assessment(demand(), on: profile, batteryWattHours: 1)
        let seconds = 1e6 / 66.6e6
        #expect(abs(assessment.latency.value - seconds) < 1e-9)
        #expect(abs(assessment.duty.value - 2 * seconds) < 1e-9)
        let joules = seconds * 0.0417
        #expect(abs(assessment.compute.value - joules) < 1e-9 && assessment.compute.method == .modelled)
        #expect(abs(assessment.inferencesPerJoule.value * joules - 1) < 1e-9)
        #expect(abs(assessment.multiplyAccumulatesPerJoule.value * joules - 1e6) < 1e-3)
        #expect(abs(assessment.inferencesPerJoule.low * assessment.compute.high - 1) < 1e-9)
        #expect(assessment.inferencesPerJoule.low < assessment.inferencesPerJoule.value)
        let watts = 8e-6 + 2 * joules
        #expect(abs(assessment.node.value - watts) < 1e-9)
        let days = try #require(assessment.batteryDays)
        #expect(abs(days.value - 1 / watts / 24) < 1e-6 && days.low < days.value && days.value < days.high)
        #expect(assessment.fits)
    }

    @Test("Each radio adds its joules an inference and an update, and takes days from the battery")
    func radios() throws {
        let assessment = Assessment(demand(), on: .cortexM4, updateBytes: 2000, batteryWattHours: 1)
        #expect(assessment.radios.map(\.name) == ["lora@1", "ble@1", "nb-iot@1", "lte-m@1", "wifi@2"])
        let lora = assessment.radios[0]
        let sent = RadioProfile.lora.sent(bytes: 300, messages: 1)
        #expect(lora.inference == sent && sent.value > 0.1)
        #expect(lora.update == RadioProfile.lora.received(bytes: 2000, messages: 1))
        #expect(abs(lora.updateSeconds.value - 16_000.0 / 1758) < 1e-9)
        #expect(abs(lora.air.value - 2 * 2400.0 / 1758) < 1e-9 && lora.air.low < 1)
        #expect(abs(lora.node.value - assessment.node.value - 2 * sent.value) < 1e-9)
        #expect(try #require(lora.batteryDays).value < (try #require(assessment.batteryDays)).value)
    }

    @Test("Storage holds two slots, RAM holds weights only where they do not run in place")
    func memory() throws {
        let micro = Assessment(demand(), on: .cortexM4)
        #expect(try limit(micro, "storage").used.value == 20_000)
        #expect(try limit(micro, "storage").available == Double(2_097_152 - 131_072))
        #expect(try limit(micro, "ram").used.value == 4000)
        #expect(try limit(Assessment(demand(), on: .cortexA53), "ram").used.value == 22_000)
        let fat = Assessment(demand(fileBytes: 1_000_000), on: .cortexM4)
        #expect(try limit(fat, "storage").verdict == .exceeds && !fat.fits)
        #expect(
            try limit(Assessment(demand(fileBytes: 1_000_000), on: .cortexM4, slots: 1), "storage").verdict == .fits)
        #expect(try limit(Assessment(demand(arenaBytes: 600_000), on: .cortexM4), "ram").verdict == .exceeds)
    }

    @Test("A core that is asked for more than its time is told, and one that only might be")
    func duty() throws {
        #expect(try limit(Assessment(demand(rate: 10), on: .cortexM4), "duty").verdict == .fits)
        let likely = Assessment(demand(rate: 30), on: .cortexM4)
        #expect(try limit(likely, "duty").verdict == .likely && likely.fits)
        let never = Assessment(demand(rate: 100), on: .cortexM4)
        #expect(try limit(never, "duty").verdict == .exceeds && !never.fits)
    }

    @Test("The task's own limits count")
    func task() throws {
        let large = Assessment(demand(fileBytes: 20_000), on: .x86Gateway)
        #expect(try limit(large, "task bytes").verdict == .exceeds && !large.fits)
        #expect(try limit(large, "task parameters").verdict == .fits)
    }

    @Test("The JSON form has value, low and high of every amount, and the method of what is modelled")
    func json() throws {
        let json = Assessment(demand(), on: .esp32S3, batteryWattHours: 5).json
        let object = try #require(json.object)
        #expect(object["fits"]?.bool == true && object["profile"]?.string == "esp32-s3@1")
        for key in [
            "latencySeconds", "duty", "computeJoules", "macsPerJoule", "inferencesPerJoule", "idleWatts",
            "nodeWattsWithoutRadio", "batteryDaysWithoutRadio",
        ] {
            let amount = try #require(object[key]?.object, "\(key)")
            let numbers = try ["low", "value", "high"].map { try #require(amount[$0]?.number) }
            #expect(numbers == numbers.sorted() && numbers[0] > 0 && amount["method"]?.string == "modelled")
        }
        #expect(object["limits"]?.elements?.count == 5)
        let radios = try #require(object["radios"]?.elements)
        #expect(radios.map { $0.object?["radio"]?.string } == ["wifi@2", "ble@1"])
        #expect(radios[0].object?["joulesPerUpdate"]?.object?["method"]?.string == "modelled")
        #expect(try JSONValue(parsing: json.text) == json)
    }
}
