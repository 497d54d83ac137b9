import Testing

@testable import Energy

@Suite("Device profiles model what cannot be metered")
struct ProfileTests {
    @Test("A microcontroller's time and joules follow from multiply-adds, within bounds")
    func microcontroller() throws {
        let profile = try #require(DeviceProfile.matching("cortex-m4"))
        #expect(profile.name == "cortex-m4@1")
        let seconds = try #require(profile.seconds(multiplyAccumulates: 360_000, int8: true))
        #expect(abs(seconds.value - 0.01) < 1e-12 && seconds.low < seconds.value && seconds.value < seconds.high)
        let float = try #require(profile.seconds(multiplyAccumulates: 360_000, int8: false))
        #expect(float.value == 2 * seconds.value)
        let energy = profile.compute(seconds: seconds)
        #expect(abs(energy.value - 0.44e-3) < 1e-9 && energy.low < energy.value && energy.value < energy.high)
        #expect(energy.method == .modelled && energy.profile == "cortex-m4@1")
    }

    @Test("Names match with and without a revision; gateways tell no throughput")
    func names() {
        #expect(DeviceProfile.matching("rpi5") == .raspberryPi5 && DeviceProfile.matching("rpi5@1") == .raspberryPi5)
        #expect(DeviceProfile.matching("rpi") == nil)
        #expect(DeviceProfile.x86Gateway1.seconds(multiplyAccumulates: 1, int8: true) == nil)
    }
}
