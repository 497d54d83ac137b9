import ModelArtifact

/// The source file of a C export: constants, the kernels that this student needs, and one call an operator.
struct CSource {
    let student: Student
    let graph: StudentGraph
    let arena: CArena
    let prefix: String
    let digest: String

    private var upper: String { prefix.uppercased() }

    var text: String {
        ([preamble, constants] + kernels + [quantise, run, golden, answers]).joined(separator: "\n")
    }

    private var preamble: String {
        """
        /* \(prefix).c: the student "\(student.task.name)", written by retort export.
         * Student: SHA-256 \(digest) */
        #include "\(prefix).h"

        #include <string.h>

        #ifdef __FAST_MATH__
        #error "the quantisation of the input needs IEEE arithmetic: compile without -ffast-math"
        #endif

        \(CKernelText.product)
        """
    }

    private var constants: String {
        let quantisation = InputQuantisation(student)
        var text = "/* Activations; two live at a time, at either end. */\n"
        text += "static uint8_t arena[\(upper)_ARENA_BYTES];\n\n"
        text += CText.array("float", "input_mean", quantisation.mean.map(CText.float))
        text += CText.array("float", "input_factor", quantisation.factor.map(CText.float))
        for node in graph.nodes {
            guard let layer = node.layer else { continue }
            text += "\n" + constants(node, layer)
        }
        return text
    }

    private func constants(_ node: StudentGraph.Node, _ layer: Student.QuantisedLayer) -> String {
        let name = "layer\(node.position)"
        var text = CText.array("int8_t", "\(name)_weight", layer.weight)
        text += CText.array("int32_t", "\(name)_bias", layer.foldedBias(zeroPoint: node.input.zeroPoint))
        if !node.isLast {
            text += CText.array("int32_t", "\(name)_multiplier", layer.multiplier)
            text += CText.array("uint8_t", "\(name)_shift", layer.shift)
        }
        let channels = node.from.channels
        let rows: (count: Int, stride: Int)
        let taps: (count: Int, stride: Int, span: Int)
        switch node.operation {
        case .convolution(let shape):
            rows = (node.to.samples, shape.stride * channels)
            // Without dilation all taps of a row stand side by side.
            taps =
                shape.dilation == 1
                ? (1, 0, shape.kernel * channels) : (shape.kernel, shape.dilation * channels, channels)
        case .depthwise(let shape):
            rows = (node.to.samples, shape.stride * channels)
            taps = (shape.kernel, shape.dilation * channels, 1)
        case .dense, .maxPool, .averagePool:
            rows = (1, 0)
            taps = (1, 0, node.from.count)
        }
        let scaling = node.isLast ? "0, 0" : "\(name)_multiplier, \(name)_shift"
        return text + """
            static const struct product \(name) = {
                \(name)_weight, \(name)_bias, \(scaling),
                \(rows.count), \(rows.stride), \(layer.bias.count), \(taps.count), \(taps.stride), \(taps.span), \
            \(node.isLast ? 0 : node.output.zeroPoint)
            };

            """
    }

    /// The kernels that stand in the graph: an unused function would be a warning.
    private var kernels: [String] {
        var needsDot = false
        var needsRequantise = false
        var wanted: [CKernelText.Kernel] = []
        for node in graph.nodes {
            let kernel = CKernelText.Kernel(node)
            if !wanted.contains(kernel) { wanted.append(kernel) }
            needsDot = needsDot || kernel == .product || kernel == .logits
            needsRequantise = needsRequantise || kernel == .product || kernel == .depthwise
        }
        return (needsDot ? [CKernelText.dot] : []) + (needsRequantise ? [CKernelText.requantise] : [])
            + wanted.map(\.text)
    }

    private var quantise: String {
        """
        int \(prefix)_quantise(const float *window, uint8_t *quantised)
        {
            for (uint32_t i = 0; i < \(upper)_INPUTS; i++) {
                const uint32_t channel = i % \(upper)_CHANNELS;
                uint32_t bits;
                memcpy(&bits, window + i, sizeof bits);
                if ((bits & 0x7f800000u) == 0x7f800000u)
                    return -1;
                float scaled = (window[i] - input_mean[channel]) * input_factor[channel];
                scaled = scaled < -128.0f ? -128.0f : scaled > 127.0f ? 127.0f : scaled;
                /* This leaves the nearest integer, ties to even, in the lowest bits. */
                scaled += 12582912.0f;
                memcpy(&bits, &scaled, sizeof bits);
                quantised[i] = (uint8_t)(bits & 0xffu) ^ 0x80u;
            }
            return 0;
        }

        """
    }

    private var run: String {
        var calls = ""
        for (index, node) in graph.nodes.enumerated() {
            calls += padding(arena.regions[index])
            // What the operator reads begins in the padding.
            let input = "arena + \(arena.regions[index].start)"
            let output = node.isLast ? "logits" : "arena + \(arena.regions[index + 1].first)"
            switch CKernelText.Kernel(node) {
            case .product: calls += "    convolve(&layer\(node.position), \(input), \(output));\n"
            case .depthwise: calls += "    convolve_channels(&layer\(node.position), \(input), \(output));\n"
            case .logits: calls += "    finish(&layer\(node.position), \(input), \(output));\n"
            case .maxPool, .averagePool:
                let name = CKernelText.Kernel(node) == .maxPool ? "pool_maximum" : "pool_average"
                calls +=
                    "    \(name)(\(input), \(output), \(node.to.samples), \(node.poolSize), \(node.to.channels));\n"
            }
        }
        let first = arena.regions[0].first
        return """
            static void run(int32_t *logits)
            {
            \(calls)}

            int \(prefix)_infer(const float *window, int32_t *logits)
            {
                if (\(prefix)_quantise(window, arena + \(first)))
                    return -1;
                run(logits);
                return 0;
            }

            void \(prefix)_infer_quantised(const uint8_t *window, int32_t *logits)
            {
                memcpy(arena + \(first), window, \(upper)_INPUTS);
                run(logits);
            }

            """
    }

    /// Fills the padding around an activation; its place may have held another one.
    private func padding(_ region: CArena.Region) -> String {
        var text = ""
        if region.before > 0 { text += "    memset(arena + \(region.start), \(region.zeroPoint), \(region.before));\n" }
        if region.after > 0 {
            text += "    memset(arena + \(region.first + region.count), \(region.zeroPoint), \(region.after));\n"
        }
        return text
    }

    private var golden: String {
        let inputs = student.golden.flatMap(\.input)
        let logits = student.golden.flatMap(\.logits)
        return CText.array("uint8_t", "golden_input", inputs) + CText.array("int32_t", "golden_logits", logits) + """

            int \(prefix)_self_test(void)
            {
                int32_t logits[\(upper)_OUTPUTS];
                for (int i = 0; i < \(student.golden.count); i++) {
                    \(prefix)_infer_quantised(golden_input + i * \(upper)_INPUTS, logits);
                    if (memcmp(logits, golden_logits + i * \(upper)_OUTPUTS, sizeof logits) != 0)
                        return i + 1;
                }
                return 0;
            }

            """
    }

    private var answers: String {
        func names(_ symbol: String, _ count: String, _ values: [String]) -> String {
            "const char *const \(prefix)_\(symbol)[\(upper)_\(count)] = {\n"
                + values.map { "    \(CText.literal($0)),\n" }.joined() + "};\n"
        }
        let task = student.task
        switch task.kind {
        case .classification:
            return names("classes", "OUTPUTS", task.classes.map(\.name)) + """

                int \(prefix)_class(const int32_t *logits)
                {
                    int best = 0;
                    for (int i = 1; i < \(upper)_OUTPUTS; i++)
                        if (logits[i] > logits[best])
                            best = i;
                    return best;
                }

                """
        case .multiHead:
            let starts = task.heads.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.classes.count) }
            return names("classes", "OUTPUTS", task.heads.flatMap(\.classes).map(\.name))
                + names("heads", "HEADS", task.heads.map(\.name)) + CText.array("int", "head_start", starts) + """

                    int \(prefix)_class(const int32_t *logits, int head)
                    {
                        int best = head_start[head];
                        for (int i = best + 1; i < head_start[head + 1]; i++)
                            if (logits[i] > logits[best])
                                best = i;
                        return best;
                    }

                    """
        case .regression:
            return """
                float \(prefix)_value(const int32_t *logits)
                {
                    return (float)logits[0] * \(upper)_LOGIT_SCALE;
                }

                """
        }
    }
}
