/// The operators of a student in C.
///
/// Sums are unsigned, where wrapping is defined: a sum may pass beyond 32 bits on its way and still ends right.
enum CKernelText {
    /// One loop over activations.
    enum Kernel {
        case product, depthwise, logits, maxPool, averagePool

        init(_ node: StudentGraph.Node) {
            switch node.operation {
            case .convolution: self = .product
            case .dense: self = node.isLast ? .logits : .product
            case .depthwise: self = .depthwise
            case .maxPool: self = .maxPool
            case .averagePool: self = .averagePool
            }
        }

        var text: String {
            switch self {
            case .product: convolve
            case .depthwise: convolveChannels
            case .logits: finish
            case .maxPool: poolMaximum
            case .averagePool: poolAverage
            }
        }
    }

    static let product = """
        /* A layer with weights: overlapping rows of activations times weights. */
        struct product {
            const int8_t *weight;      /* (outputs x taps x span) */
            const int32_t *bias;       /* (outputs), with the zero point of the input taken off */
            const int32_t *multiplier; /* (outputs) */
            const uint8_t *shift;      /* (outputs) */
            uint32_t rows;
            uint32_t row_stride;
            uint32_t outputs;
            uint32_t taps;
            uint32_t tap_stride;
            uint32_t span;
            int32_t zero_point; /* of the output */
        };

        """

    static let dot = """
        static int32_t dot(const struct product *p, const uint8_t *row, uint32_t output)
        {
            const int8_t *weight = p->weight + output * p->taps * p->span;
            uint32_t sum = (uint32_t)p->bias[output];
            for (uint32_t tap = 0; tap < p->taps; tap++) {
                const uint8_t *values = row + tap * p->tap_stride;
                for (uint32_t i = 0; i < p->span; i++)
                    sum += (uint32_t)(*weight++ * values[i]);
            }
            return (int32_t)sum;
        }

        """

    static let requantise = """
        /* clamp(((sum * multiplier + 2^(shift - 1)) >> shift) + zero point, 0, 255), rounding down. */
        static uint8_t requantise(const struct product *p, int32_t sum, uint32_t output)
        {
            const uint8_t shift = p->shift[output];
            int64_t scaled = (int64_t)sum * p->multiplier[output] + ((int64_t)1 << (shift - 1));
            scaled = (scaled < 0 ? ~(~scaled >> shift) : scaled >> shift) + p->zero_point;
            return scaled < 0 ? 0 : scaled > 255 ? 255 : (uint8_t)scaled;
        }

        """

    private static let convolve = """
        static void convolve(const struct product *p, const uint8_t *in, uint8_t *out)
        {
            for (uint32_t row = 0; row < p->rows; row++, in += p->row_stride)
                for (uint32_t output = 0; output < p->outputs; output++)
                    *out++ = requantise(p, dot(p, in, output), output);
        }

        """

    private static let convolveChannels = """
        static void convolve_channels(const struct product *p, const uint8_t *in, uint8_t *out)
        {
            for (uint32_t row = 0; row < p->rows; row++, in += p->row_stride) {
                const int8_t *weight = p->weight;
                for (uint32_t channel = 0; channel < p->outputs; channel++) {
                    const uint8_t *values = in + channel;
                    uint32_t sum = (uint32_t)p->bias[channel];
                    for (uint32_t tap = 0; tap < p->taps; tap++, values += p->tap_stride)
                        sum += (uint32_t)(*weight++ * *values);
                    *out++ = requantise(p, (int32_t)sum, channel);
                }
            }
        }

        """

    private static let finish = """
        static void finish(const struct product *p, const uint8_t *in, int32_t *logits)
        {
            for (uint32_t output = 0; output < p->outputs; output++)
                logits[output] = dot(p, in, output);
        }

        """

    private static let poolMaximum = """
        static void pool_maximum(const uint8_t *in, uint8_t *out, uint32_t samples, uint32_t size, uint32_t channels)
        {
            for (uint32_t sample = 0; sample < samples; sample++, in += size * channels)
                for (uint32_t channel = 0; channel < channels; channel++) {
                    uint8_t highest = 0;
                    for (uint32_t i = 0; i < size; i++)
                        if (in[i * channels + channel] > highest)
                            highest = in[i * channels + channel];
                    *out++ = highest;
                }
        }

        """

    private static let poolAverage = """
        /* Halves go up. */
        static void pool_average(const uint8_t *in, uint8_t *out, uint32_t samples, uint32_t size, uint32_t channels)
        {
            for (uint32_t sample = 0; sample < samples; sample++, in += size * channels)
                for (uint32_t channel = 0; channel < channels; channel++) {
                    uint32_t sum = 0;
                    for (uint32_t i = 0; i < size; i++)
                        sum += in[i * channels + channel];
                    *out++ = (uint8_t)((2 * sum + size) / (2 * size));
                }
        }

        """
}

extension StudentGraph.Node {
    /// Samples of one pool; 1 for everything else.
    var poolSize: Int {
        switch operation {
        case .maxPool(let size), .averagePool(let size): size
        case .convolution, .depthwise, .dense: 1
        }
    }
}
