import CKernels
import CPeak

/// Times the matrix kernels on one thread against the processor's peak: the counterpart of `peers/kernels.py`.
///
/// Prints one line of JSON a case: operations a nanosecond (10⁹ a second), the best of many short runs, each next to one
/// of a loop that multiplies and adds on registers alone.
@main
struct KernelsBenchmark {
    /// (rows × depth) · (depth × columns).
    struct Shape {
        let rows: Int
        let columns: Int
        let depth: Int
        var name: String { "\(rows)x\(columns)x\(depth)" }
        var operations: Double { 2 * Double(rows * columns * depth) }
    }

    static let shapes = [
        Shape(rows: 64, columns: 128, depth: 576), Shape(rows: 256, columns: 256, depth: 256),
        // A shard of the teacher's second and fourth convolution.
        Shape(rows: 3200, columns: 64, depth: 320), Shape(rows: 800, columns: 128, depth: 640),
    ]
    static let levels: [(name: String, code: Int32)] = [("base", 0), ("avx2", 1), ("avx512", 2)]

    static let best = levels.last { ck_kernels_at($0.code) != nil }?.code

    static func main() {
        for level in levels {
            guard let kernels = ck_kernels_at(level.code) else { continue }
            // The lower levels are shown beside the best by the first two.
            for shape in level.code == KernelsBenchmark.best ? shapes : Array(shapes.prefix(2)) {
                report("f32 product \(shape.name)", level.name, measure(level.code, cpeak_f32, product(kernels, shape)))
                report("f32 outer \(shape.name)", level.name, measure(level.code, cpeak_f32, outer(kernels, shape)))
                report(
                    "u8s8 product \(shape.name)", level.name, measure(level.code, cpeak_u8s8, integer(kernels, shape)))
            }
        }
    }

    private static func report(_ name: String, _ level: String, _ rates: (kernel: Double, peak: Double)) {
        print(
            "{\"case\": \"\(name)\", \"level\": \"\(level)\", \"rate\": \(rates.kernel), \"peak\": \(rates.peak)}")
    }

    /// One run of some work; returns the operations it did.
    typealias Work = () -> Double

    private static func measure(
        _ level: Int32, _ peak: (Int32, Int) -> Double, _ work: Work
    ) -> (kernel: Double, peak: Double) {
        let clock = ContinuousClock()
        func rate(_ work: Work) -> Double {
            let began = clock.now
            let operations = work()
            return operations / ((clock.now - began) / .nanoseconds(1))
        }
        var best = (kernel: 0.0, peak: 0.0)
        for _ in 0..<40 {
            best.kernel = max(best.kernel, rate(work))
            best.peak = max(best.peak, rate { peak(level, 20_000) })
        }
        return best
    }

    /// Runs that take about as long as one of the peak's.
    private static func repeats(_ shape: Shape) -> Int { max(1, Int(2e7 / shape.operations)) }

    private static func product(_ kernels: UnsafePointer<ck_kernels>, _ shape: Shape) -> Work {
        let a = filled(shape.rows * shape.depth)
        let b = filled(shape.depth * shape.columns)
        let c = filled(shape.rows * shape.columns)
        let packed = filled(shape.depth * (shape.columns + 16))
        kernels.pointee.pack(packed, shape.depth, 0, shape.depth, shape.columns, b, shape.columns, 1)
        let left = rows(a, shape.depth, shape.rows)
        let right = rows(c, shape.columns, shape.rows)
        return {
            for _ in 0..<repeats(shape) {
                kernels.pointee.multiply(left, shape.depth, packed, shape.columns, nil, right, 0)
            }
            return shape.operations * Double(repeats(shape))
        }
    }

    /// A gradient of weights: (columns × rows) · (rows × depth).
    private static func outer(_ kernels: UnsafePointer<ck_kernels>, _ shape: Shape) -> Work {
        let gradient = filled(shape.rows * shape.columns)
        let input = filled(shape.rows * shape.depth)
        let sum = filled(shape.columns * shape.depth)
        let scratch = filled(kernels.pointee.outer_scratch(shape.columns, shape.depth))
        let left = rows(gradient, shape.columns, shape.rows)
        let right = rows(input, shape.depth, shape.rows)
        return {
            for _ in 0..<repeats(shape) {
                kernels.pointee.outer(left, shape.columns, right, shape.depth, sum, scratch)
            }
            return shape.operations * Double(repeats(shape))
        }
    }

    private static func integer(_ kernels: UnsafePointer<ck_kernels>, _ shape: Shape) -> Work {
        let a = [UInt8](repeating: 3, count: shape.rows * shape.depth + 3)
        let weights = [Int8](repeating: -2, count: shape.columns * shape.depth)
        var packed = [Int8](repeating: 0, count: ck_int8_packed_size(shape.columns, 1, shape.depth))
        ck_int8_pack(weights, shape.columns, 1, shape.depth, &packed)
        let bias = [Int32](repeating: 0, count: shape.columns)
        var result = [Int32](repeating: 0, count: shape.rows * shape.columns)
        var scratch = [Int32](repeating: 0, count: 3 * shape.columns)
        var patches = ck_patches(
            rows: shape.rows, row_stride: shape.depth, segments: 1, segment_stride: 0, length: shape.depth, pool: 1)
        return {
            packed.withUnsafeBufferPointer { packed in
                bias.withUnsafeBufferPointer { bias in
                    var layer = ck_int8_layer(
                        packed: packed.baseAddress, bias: bias.baseAddress, multiplier: nil, shift: nil, round: nil,
                        zero_point: 0, general: 0, outputs: shape.columns)
                    for _ in 0..<repeats(shape) { kernels.pointee.u8s8(a, &patches, &layer, &scratch, &result) }
                }
            }
            return shape.operations * Double(repeats(shape))
        }
    }

    /// Numbers between −0.5 and 0.5 that are freed with the process.
    private static func filled(_ count: Int) -> UnsafeMutablePointer<Float> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
        let result = memory.bindMemory(to: Float.self, capacity: count)
        for index in 0..<count { result[index] = Float(index * 37 % 101) / 101 - 0.5 }
        return result
    }

    private static func rows(_ base: UnsafeMutablePointer<Float>, _ stride: Int, _ count: Int) -> ck_rows {
        ck_rows(base: base, group_stride: 0, row_stride: stride, rows: count, groups: 1)
    }
}
