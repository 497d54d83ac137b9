import ModelArtifact
import Testing

@Suite("Fixed point") struct FixedPointTests {
    @Test("Factors become a 31-bit multiplier and a shift", arguments: [1e-9, 3.7e-4, 0.5, 0.999_999_999_99, 1, 300])
    func nearest(factor: Double) throws {
        let fixed = try #require(FixedPoint(factor))
        let value = Double(fixed.multiplier) * Double(sign: .plus, exponent: -Int(fixed.shift), significand: 1)
        #expect(abs(value / factor - 1) < 1e-9)
        #expect((1...62).contains(fixed.shift) && fixed.multiplier >= 1 << 30)
    }

    @Test("A factor just below a power of two takes the power's multiplier")
    func carry() {
        #expect(FixedPoint((1.0).nextDown) == FixedPoint(1))
    }

    @Test("Tiny factors lose bits at the largest shift")
    func tiny() throws {
        let fixed = try #require(FixedPoint(0x1.8p-60))
        #expect(fixed.multiplier == 6 && fixed.shift == 62)
        #expect(try #require(FixedPoint(1e-30)).multiplier == 0)
    }

    @Test("A factor that no shift can hold is none", arguments: [0, -1, 0x1p30, 1e12, .infinity, .nan])
    func unfit(factor: Double) {
        #expect(FixedPoint(factor) == nil)
    }
}
