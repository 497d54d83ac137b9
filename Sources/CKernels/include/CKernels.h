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

    /// C (rows x outputs) = bias + U8 rows * S8 weights^T, exact in i32. `row_stride` in bytes, `out_stride` in elements.
    /// Packed weights: see ck_int8_pack.
    void (*u8s8)(const uint8_t *rows, size_t count, ptrdiff_t row_stride, const int8_t *packed, size_t outputs,
                 size_t depth, const int32_t *bias, int32_t *out, ptrdiff_t out_stride);
    /// out = clamp((acc * multiplier + 2^(shift-1)) >> shift, 0, 255) per column.
    void (*requantise)(const int32_t *acc, size_t count, size_t columns, const int32_t *multiplier,
                       const uint8_t *shift, uint8_t *out);
} ck_kernels;

/// The kernels of a level, or NULL where this processor lacks it.
const ck_kernels *ck_kernels_at(int level);

/// Bytes of packed int8 weights.
size_t ck_int8_packed_size(size_t outputs, size_t depth);
/// Packs (outputs x depth) row-major weights: blocks of 16 outputs; in each, groups of 4 in depth, output by output.
/// Padding is zero.
void ck_int8_pack(const int8_t *weights, size_t outputs, size_t depth, int8_t *packed);

/// The reference of `u8s8`, on weights as they are: (outputs x depth) row-major.
void ck_reference_u8s8(const uint8_t *rows, size_t count, ptrdiff_t row_stride, const int8_t *weights, size_t outputs,
                       size_t depth, const int32_t *bias, int32_t *out, ptrdiff_t out_stride);

#endif
