import ModelExchange
import Testing

/// Needs ai-edge-litert, which `./dev test` installs.
@Suite("TensorFlow Lite export") struct TFLiteExportTests {
    @Test("LiteRT gives the classes of the edge on every window, and close outputs")
    func classes() async throws {
        try await StudentComparison.check(modes: ["xnnpack"]) { student throws(ExchangeError) in
            try TFLiteExport.quantised(student)
        }
    }

    @Test("LiteRT's kernels without XNNPACK, which round twice, give close outputs")
    func builtin() async throws {
        try await StudentComparison.check(modes: ["builtin"], sameClasses: false) { student throws(ExchangeError) in
            try TFLiteExport.quantised(student)
        }
    }
}
