#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Rows of a matrix that may overlap and that come in groups (the windows of a batch).
///
/// Row r starts at `base + (r / rows) * group_stride + (r % rows) * row_stride` (elements, not bytes). A convolution on
/// channels-last data is a matrix product whose left rows overlap: row_stride = stride * channels.
typedef struct ck_rows {
    float *base;
    ptrdiff_t group_stride;
    ptrdiff_t row_stride;
    /// Rows of one group, at least 1.
    size_t rows;
    size_t groups;
} ck_rows;

/// Levels, and CK_WIDE: the tiling of AVX-512 on base instructions, slow, for tests on machines without it.
enum { CK_BASE = 0, CK_AVX2 = 1, CK_AVX512 = 2, CK_WIDE = -1 };

/// Outputs that stand side by side in packed int8 weights, and depth that stands together for each of them.
enum { CK_INT8_OUTPUTS = 16, CK_INT8_DEPTH = 4 };

/// What a layer reads: `rows` places, each of `segments` runs of `length` elements. A dense layer and a convolution
/// without dilation have one run; a dilated one has one for each tap. Strides in elements.
typedef struct ck_patches {
    size_t rows;
    ptrdiff_t row_stride;
    size_t segments;
    ptrdiff_t segment_stride;
    size_t length;
    /// 2: an output is the maximum over two rows, of which there is an even number (u8s8 alone). Otherwise 1.
    size_t pool;
} ck_patches;

/// An f32 layer: packed weights (see `pack`; of a depthwise layer panels of (segments x channels)), and the bias, both
/// padded with zeros to whole panels.
typedef struct ck_float_layer {
    const float *packed;
    const float *bias;
    size_t outputs;
    int relu;
} ck_float_layer;

/// An int8 layer. Arrays of outputs are padded with zeros (shifts with ones) to blocks of 16.
typedef struct ck_int8_layer {
    /// See ck_int8_pack; of a depthwise layer blocks of (segments x 16 channels).
    const int8_t *packed;
    const int32_t *bias;
    /// out = clamp(((acc * multiplier + 2^(shift-1)) >> shift) + zero_point, 0, 255), the product in 64 bits.
    /// NULL: the sums themselves.
    const int32_t *multiplier;
    /// Where `general`: 1...62. Otherwise every shift was at least 33, and 32 less stands here.
    const int32_t *shift;
    /// 2^(s-1) + zero_point * 2^s of the s in `shift`; unused where `general`. Added to the product's high half it gives
    /// the same bits: floor((x + c * 2^32) / 2^(32+s)) = floor((floor(x / 2^32) + c) / 2^s).
    const int32_t *round;
    /// Where `general`.
    int32_t zero_point;
    int32_t general;
    size_t outputs;
} ck_int8_layer;

/// The kernels of one level; every function pointer is set.
typedef struct ck_kernels {
    int level;
    /// Columns of a packed f32 panel.
    size_t panel;
    /// Floats of scratch that `outer` needs for (m x n).
    size_t (*outer_scratch)(size_t m, size_t n);

    /// Writes `count` rows (of depth) of B into packed panels, from row `offset` on, of `depth` in all.
    /// B[k][j] = source[k * depth_stride + j * column_stride]; packed holds ceil(n / panel) * depth * panel floats.
    void (*pack)(float *packed, size_t depth, size_t offset, size_t count, size_t n, const float *source,
                 ptrdiff_t depth_stride, ptrdiff_t column_stride);
    /// C (m x n) = A (m x depth) * packed B (+ bias), or C += A * B; m = a.rows * a.groups = c.rows * c.groups.
    void (*multiply)(ck_rows a, size_t depth, const float *packed, size_t n, const float *bias, ck_rows c,
                     int accumulate);
    /// C (m x n, contiguous) += sum over rows r of A[r] (m) outer B[r] (n).
    void (*outer)(ck_rows a, size_t m, ck_rows b, size_t n, float *c, float *scratch);

    /// Per channel: mean and variance (biased) over all rows.
    void (*moments)(ck_rows x, size_t channels, float *mean, float *variance);
    /// y = x * scale + shift per channel; max(0, y) if relu.
    void (*scale_shift)(ck_rows x, size_t channels, const float *scale, const float *shift, int relu, ck_rows y);
    /// Per channel sums over rows of g and of g * (x - mean); where relu, g counts only where y > 0.
    void (*norm_sums)(ck_rows g, ck_rows x, ck_rows y, int relu, size_t channels, const float *mean, float *sum,
                      float *product);
    /// d = scale * g + slope * (x - mean) + shift per channel, g masked as above.
    void (*norm_back)(ck_rows g, ck_rows x, ck_rows y, int relu, size_t channels, const float *mean,
                      const float *scale, const float *slope, const float *shift, ck_rows d);
    /// sum[c] += sum over rows of x.
    void (*column_sums)(ck_rows x, size_t channels, float *sum);
    /// y[r] = maximum of x[r * size] ... x[r * size + size - 1]; rows of a group that fill no window are left out.
    void (*max_pool)(ck_rows x, size_t size, size_t channels, ck_rows y);
    /// d = g where x was the (first) maximum, 0 elsewhere; scratch holds `channels` floats.
    void (*max_pool_back)(ck_rows g, ck_rows x, ck_rows y, size_t size, size_t channels, ck_rows d, float *scratch);
    /// One AdamW step: value -= decay_rate * decay * (value - anchor) + rate * m / (sqrt(v) * root_correction + epsilon).
    /// `rate` and `root_correction` hold the corrections of the moments' bias.
    void (*adamw)(size_t count, float *value, const float *gradient, float *first, float *second, const float *decay,
                  const float *anchor, float beta1, float beta2, float rate, float root_correction, float epsilon,
                  float decay_rate);

    /// Rows of outputs = bias + patches * weights, or max(0, ...): C (rows x outputs), contiguous.
    void (*dense)(const float *rows, const ck_patches *patches, const ck_float_layer *layer, float *out);
    /// Each channel with a filter of its own: a segment is a tap, `length` the channels. Up to 15 floats behind a run are
    /// read and not used.
    void (*depthwise)(const float *rows, const ck_patches *patches, const ck_float_layer *layer, float *out);
    /// Maximum or mean of every `size` rows. Reads like `depthwise`.
    void (*pool)(const float *rows, size_t count, size_t size, size_t channels, int average, float *out);
    /// out = (window - mean) * factor, whose constants repeat after `period` elements, a multiple of 16.
    /// Returns 0 where an element of the window is not finite.
    int (*normalise)(const float *window, size_t count, const float *mean, const float *factor, size_t period,
                     float *out);

    /// The same on int8 weights: activations (u8), or sums (i32) where the layer has no multipliers. Up to 3 bytes behind
    /// each run are read and not used. `scratch` holds 3 elements for each
    /// output, outputs rounded up to blocks of 16.
    void (*u8s8)(const uint8_t *rows, const ck_patches *patches, const ck_int8_layer *layer, int32_t *scratch,
                 void *out);
    /// Up to 15 bytes behind each run are read and not used, by the pools too.
    void (*u8s8_depthwise)(const uint8_t *rows, const ck_patches *patches, const ck_int8_layer *layer, uint8_t *out);
    void (*u8_max_pool)(const uint8_t *rows, size_t count, size_t size, size_t channels, uint8_t *out);
    /// (2 * sum + size) / (2 * size), rounded down.
    void (*u8_average_pool)(const uint8_t *rows, size_t count, size_t size, size_t channels, uint8_t *out);
    /// out = clamp(round((window - mean) * factor) + 128, 0, 255), ties to even; otherwise as `normalise`.
    int (*quantise)(const float *window, size_t count, const float *mean, const float *factor, size_t period,
                    uint8_t *out);
} ck_kernels;

/// The kernels of a level, or NULL where this processor lacks it.
const ck_kernels *ck_kernels_at(int level);

/// Bytes of packed int8 weights.
size_t ck_int8_packed_size(size_t outputs, size_t segments, size_t length);
/// Packs (outputs x segments x length) row-major weights: blocks of 16 outputs; in each, segment by segment, groups of 4
/// in depth, output by output. Padding is zero.
void ck_int8_pack(const int8_t *weights, size_t outputs, size_t segments, size_t length, int8_t *packed);

#endif
