// The layers of an int8 student, included once per level. Every level gives the same bits: sums are exact in i32 (modulo
// 2^32, should partial ones leave it), and requantisation follows the formula of `ck_int8_layer`.
//
// Before inclusion: CK(name) names the level's symbols, `CK(high)` leaves the high halves of products and `CK(put)` stores
// numbers clamped to bytes. Either CK_INT8_DOT
// is 1 and `CK(dot4)` multiplies bytes directly, or CK_INT8_VECTOR is the i32 lanes of a vector, `CK(pairs)` multiplies
// pairs and CK_INT8_ROWS is the rows of a tile.
//
// Packed weights stand in blocks of 16 outputs; a group is 16 outputs x 4 in depth = 64 bytes.

enum { CK(group) = CK_INT8_OUTPUTS * CK_INT8_DEPTH };

/// Sums of `height` rows and `width` blocks of outputs, from `block` on, to activations in rows of the layer's outputs.
/// With constant sizes and `sums` in registers it is a few instructions for each 16 sums.
static CK_INLINE void CK(finish)(const ck_i32x16 *sums, size_t height, size_t width, size_t step,
                                 const ck_int8_layer *layer, size_t block, uint8_t *out) {
    size_t outputs = layer->outputs;
#pragma clang loop unroll(full)
    for (size_t v = 0; v < width; v++) {
        size_t first = (block + v) * CK_INT8_OUTPUTS, columns = outputs - first;
        ck_i32x16 multiplier = *(const ck_i32x16 *)(layer->multiplier + first);
        ck_i32x16 round = *(const ck_i32x16 *)(layer->round + first);
        ck_i32x16 shift = *(const ck_i32x16 *)(layer->shift + first);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < height; i++) {
            ck_i32x16 value = sums[i * step + v];
            CK(high)(&value, &multiplier);
            value = (value + round) >> shift;
            CK(put)(out + i * outputs + first, &value, columns);
        }
    }
}

#if CK_INT8_DOT

/// `tiles` tiles of `height` rows against `width` blocks of outputs from `block` on.
static CK_INLINE void CK(int8_tiles)(int height, int width, size_t tiles, const uint8_t *rows,
                                     const ck_patches *patches, const ck_int8_layer *layer, size_t block, void *out) {
    size_t groups = (patches->length + CK_INT8_DEPTH - 1) / CK_INT8_DEPTH;
    size_t block_size = patches->segments * groups * CK(group);
    const int8_t *packed = layer->packed + block * block_size;
    ptrdiff_t row_stride = patches->row_stride;
    size_t outputs = layer->outputs, first = block * CK_INT8_OUTPUTS;
    for (; tiles; tiles--, rows += height * row_stride) {
        ck_i32x16 sum[8][3];
#pragma clang loop unroll(full)
        for (int i = 0; i < height; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < width; v++)
                sum[i][v] = *(const ck_i32x16 *)(layer->bias + first + (size_t)v * CK_INT8_OUTPUTS);
        const int8_t *weights = packed;
        const uint8_t *run = rows;
        for (size_t segment = 0; segment < patches->segments; segment++, run += patches->segment_stride) {
            const uint8_t *bytes = run;
            for (size_t group = 0; group < groups; group++, bytes += CK_INT8_DEPTH, weights += CK(group)) {
                ck_i32x16 w[3];
#pragma clang loop unroll(full)
                for (int v = 0; v < width; v++) w[v] = *(const ck_i32x16 *)(weights + (size_t)v * block_size);
#pragma clang loop unroll(full)
                for (int i = 0; i < height; i++) {
                    int32_t four;
                    memcpy(&four, bytes + i * row_stride, sizeof four);
#pragma clang loop unroll(full)
                    for (int v = 0; v < width; v++) CK(dot4)(&sum[i][v], four, &w[v]);
                }
            }
        }
        // The larger sum becomes the larger activation, for multipliers are not negative.
        size_t kept = (size_t)height;
        if (height % 2 == 0 && patches->pool == 2) {
            kept /= 2;
#pragma clang loop unroll(full)
            for (int i = 0; i < height / 2; i++)
#pragma clang loop unroll(full)
                for (int v = 0; v < width; v++)
                    sum[i][v] = __builtin_elementwise_max(sum[2 * i][v], sum[2 * i + 1][v]);
        }
        if (layer->multiplier && !layer->general) {
            // Each with a constant number of rows.
            if (kept == (size_t)height)
                CK(finish)(&sum[0][0], (size_t)height, (size_t)width, 3, layer, block, out);
            else
                CK(finish)(&sum[0][0], (size_t)height / 2, (size_t)width, 3, layer, block, out);
        } else {
            // A copy: were addresses of the sums themselves taken, they would not stay in registers above.
            ck_i32x16 tile[8][3];
#pragma clang loop unroll(full)
            for (int i = 0; i < height; i++)
#pragma clang loop unroll(full)
                for (int v = 0; v < width; v++) tile[i][v] = sum[i][v];
            ck_finish_rarely(tile, kept, (size_t)width, layer, block, out);
        }
        out = (uint8_t *)out + kept * outputs * (layer->multiplier ? 1 : sizeof(int32_t));
    }
}

#define CK_INT8_TILE(height, width)                                                                                    \
    static void CK_JOIN(CK(int8), height, width)(size_t tiles, const uint8_t *rows, const ck_patches *patches,            \
                                            const ck_int8_layer *layer, size_t block, void *out) {                   \
        CK(int8_tiles)(height, width, tiles, rows, patches, layer, block, out);                                      \
    }
CK_EACH_TILE(CK_INT8_TILE)
#undef CK_INT8_TILE

static void CK(u8s8)(const uint8_t *rows, const ck_patches *patches, const ck_int8_layer *layer, int32_t *scratch,
                     void *out) {
    static void (*const functions[3][8])(size_t, const uint8_t *, const ck_patches *, const ck_int8_layer *, size_t,
                                         void *) = CK_TILE_TABLE(CK(int8));
    (void)scratch;
    size_t blocks = (layer->outputs + CK_INT8_OUTPUTS - 1) / CK_INT8_OUTPUTS;
    size_t element = layer->multiplier ? 1 : sizeof(int32_t);
    for (size_t block = 0; block < blocks;) {
        size_t width = ck_tile_width(blocks - block);
        size_t pool = patches->pool;
        ck_tiling tiling = ck_tiling_of(patches->rows / pool, CK(tile_rows)[width - 1] / pool);
        functions[width - 1][pool * tiling.height - 1](tiling.tall, rows, patches, layer, block, out);
        if (tiling.low) {
            size_t done = tiling.tall * tiling.height;
            functions[width - 1][pool * (tiling.height - 1) - 1](
                tiling.low, rows + (ptrdiff_t)(pool * done) * patches->row_stride, patches, layer, block,
                (uint8_t *)out + done * layer->outputs * element);
        }
        block += width;
    }
}

#else

// Without byte products: widen to i16, multiply pairs and add into i32 lanes, two partial sums for each output. The
// saturating byte product (pmaddubsw) would not be exact.

/// Outputs of one vector of pairs.
#define CK_INT8_LANES (CK_INT8_VECTOR / 2)
#define CK_INT8_VECTORS (CK_INT8_OUTPUTS / CK_INT8_LANES)

typedef int32_t CK(i32) __attribute__((vector_size(CK_INT8_VECTOR * 4)));
typedef int64_t CK(i64) __attribute__((vector_size(CK_INT8_VECTOR * 4)));
typedef int16_t CK(i16) __attribute__((vector_size(CK_INT8_VECTOR * 4)));
typedef int8_t CK(i8) __attribute__((vector_size(CK_INT8_VECTOR * 2), aligned(1)));

/// Depth that is widened at a time: it stays in the first-level cache.
enum { CK(int8_depth) = 256 };

static CK_INLINE void CK(int8_step)(const int16_t (*rows)[CK_INT8_DEPTH], const int8_t *weights,
                                    CK(i32) (*acc)[CK_INT8_VECTORS]) {
    CK(i16) wide[CK_INT8_ROWS];
#pragma clang loop unroll(full)
    for (int i = 0; i < CK_INT8_ROWS; i++) {
        int64_t four;
        memcpy(&four, rows[i], sizeof four);
        wide[i] = (CK(i16))((CK(i64)){0} + four);
    }
#pragma clang loop unroll(full)
    for (int v = 0; v < CK_INT8_VECTORS; v++) {
        CK(i16) w = __builtin_convertvector(*(const CK(i8) *)(weights + v * CK_INT8_VECTOR * 2), CK(i16));
#pragma clang loop unroll(full)
        for (int i = 0; i < CK_INT8_ROWS; i++) acc[i][v] += CK(pairs)(wide[i], w);
    }
}

/// Copies whole groups of bytes as i16, those of each row side by side.
static CK_INLINE void CK(int8_widen)(const uint8_t *bytes, size_t steps, size_t row,
                                     int16_t (*wide)[CK_INT8_ROWS][CK_INT8_DEPTH]) {
    for (size_t step = 0; step < steps; step++)
        for (size_t j = 0; j < CK_INT8_DEPTH; j++) wide[step][row][j] = bytes[step * CK_INT8_DEPTH + j];
}

/// Sums of up to CK_INT8_ROWS rows.
static void CK(int8_sums)(const uint8_t *rows, size_t used, const ck_patches *patches, const ck_int8_layer *layer,
                          int32_t *out, size_t out_stride) {
    size_t groups = (patches->length + CK_INT8_DEPTH - 1) / CK_INT8_DEPTH;
    size_t block_size = patches->segments * groups * CK(group);
    size_t outputs = layer->outputs;
    for (size_t segment = 0; segment < patches->segments; segment++)
        for (size_t start = 0; start < groups; start += CK(int8_depth) / CK_INT8_DEPTH) {
            size_t steps = groups - start < CK(int8_depth) / CK_INT8_DEPTH ? groups - start
                                                                           : CK(int8_depth) / CK_INT8_DEPTH;
            int16_t wide[CK(int8_depth) / CK_INT8_DEPTH][CK_INT8_ROWS][CK_INT8_DEPTH];
            for (size_t i = 0; i < CK_INT8_ROWS; i++) {
                // Rows beyond the last repeat it; their results are dropped.
                const uint8_t *row = rows + (ptrdiff_t)(i < used ? i : used - 1) * patches->row_stride;
                row += (ptrdiff_t)segment * patches->segment_stride + (ptrdiff_t)(start * CK_INT8_DEPTH);
                CK(int8_widen)(row, steps, i, wide);
            }
            const int8_t *block = layer->packed + (segment * groups + start) * CK(group);
            for (size_t first = 0; first < outputs; first += CK_INT8_OUTPUTS, block += block_size) {
                size_t columns = outputs - first < CK_INT8_OUTPUTS ? outputs - first : CK_INT8_OUTPUTS;
                CK(i32) acc[CK_INT8_ROWS][CK_INT8_VECTORS] = {0};
                for (size_t step = 0; step < steps; step++) CK(int8_step)(wide[step], block + step * CK(group), acc);
                uint32_t sums[CK_INT8_ROWS][CK_INT8_OUTPUTS * 2];
                memcpy(sums, acc, sizeof sums);
                for (size_t i = 0; i < used; i++) {
                    int32_t *result = out + i * out_stride + first;
                    for (size_t j = 0; j < columns; j++) {
                        int32_t before = segment || start ? result[j] : layer->bias[first + j];
                        result[j] = (int32_t)((uint32_t)before + sums[i][2 * j] + sums[i][2 * j + 1]);
                    }
                }
            }
        }
}

static void CK(u8s8)(const uint8_t *rows, const ck_patches *patches, const ck_int8_layer *layer, int32_t *scratch,
                     void *out) {
    size_t outputs = layer->outputs, blocks = (outputs + CK_INT8_OUTPUTS - 1) / CK_INT8_OUTPUTS;
    size_t pool = patches->pool, batch = pool == 2 ? 2 : CK_INT8_ROWS, padded = blocks * CK_INT8_OUTPUTS;
    for (size_t row = 0; row < patches->rows; row += batch, rows += (ptrdiff_t)batch * patches->row_stride) {
        size_t used = patches->rows - row < batch ? patches->rows - row : batch;
        if (!layer->multiplier) {
            CK(int8_sums)(rows, used, patches, layer, (int32_t *)out + row * outputs, outputs);
            continue;
        }
        for (size_t i = 0; i < used; i += CK_INT8_ROWS)
            CK(int8_sums)(rows + (ptrdiff_t)i * patches->row_stride, used - i < CK_INT8_ROWS ? used - i : CK_INT8_ROWS,
                          patches, layer, scratch + i * padded, padded);
        if (pool == 2) {
            // The larger sum becomes the larger activation, for multipliers are not negative.
            for (size_t j = 0; j < padded; j++)
                scratch[j] = scratch[j] > scratch[padded + j] ? scratch[j] : scratch[padded + j];
            used = 1;
        }
        uint8_t *to = (uint8_t *)out + row / pool * outputs;
        if (layer->general)
            ck_finish_general(scratch, used, blocks, blocks, layer, 0, to);
        else
            for (size_t i = 0; i < used; i++)
                for (size_t block = 0; block < blocks; block++)
                    CK(finish)((const ck_i32x16 *)scratch + i * blocks + block, 1, 1, 1, layer, block, to + i * outputs);
    }
}

#undef CK_INT8_LANES
#undef CK_INT8_VECTORS
#endif

static void CK(u8s8_depthwise)(const uint8_t *rows, const ck_patches *patches, const ck_int8_layer *layer,
                               uint8_t *out) {
    size_t channels = layer->outputs;
    for (size_t row = 0; row < patches->rows; row += 8) {
        size_t height = patches->rows - row < 8 ? patches->rows - row : 8;
        const int8_t *packed = layer->packed;
        for (size_t block = 0, first = 0; first < channels; block++, first += CK_INT8_OUTPUTS) {
            ck_i32x16 sums[8];
            for (size_t i = 0; i < height; i++) {
                ck_i32x16 sum = *(const ck_i32x16 *)(layer->bias + first);
                const uint8_t *from = rows + (ptrdiff_t)(row + i) * patches->row_stride + first;
                for (size_t tap = 0; tap < patches->segments; tap++, from += patches->segment_stride) {
                    // At most 255 * 127, which i16 holds.
                    ck_i16x16 product = __builtin_convertvector(*(const ck_u8x16 *)from, ck_i16x16)
                        * __builtin_convertvector(*(const ck_i8x16 *)(packed + tap * CK_INT8_OUTPUTS), ck_i16x16);
                    sum += __builtin_convertvector(product, ck_i32x16);
                }
                sums[i] = sum;
            }
            uint8_t *to = out + row * channels;
            if (layer->general)
                ck_finish_general((const int32_t *)sums, height, 1, 1, layer, block, to);
            else
                for (size_t i = 0; i < height; i++)
                    CK(finish)(sums + i, 1, 1, 1, layer, block, to + i * channels);
            packed += patches->segments * CK_INT8_OUTPUTS;
        }
    }
}

static void CK(u8_max_pool)(const uint8_t *restrict rows, size_t count, size_t size, size_t channels,
                            uint8_t *restrict out) {
    for (size_t row = 0; row < count; row++, rows += size * channels, out += channels) {
        size_t first = 0;
        for (; first + 64 <= channels; first += 64) {
            ck_u8x64 most = *(const ck_u8x64 *)(rows + first);
            for (size_t i = 1; i < size; i++)
                most = __builtin_elementwise_max(most, *(const ck_u8x64 *)(rows + i * channels + first));
            *(ck_u8x64 *)(out + first) = most;
        }
        for (; first < channels; first += 16) {
            ck_u8x16 most = *(const ck_u8x16 *)(rows + first);
            for (size_t i = 1; i < size; i++)
                most = __builtin_elementwise_max(most, *(const ck_u8x16 *)(rows + i * channels + first));
            ck_store_bytes(out + first, &most, channels - first);
        }
    }
}

static void CK(u8_average_pool)(const uint8_t *restrict rows, size_t count, size_t size, size_t channels,
                                uint8_t *restrict out) {
    for (size_t row = 0; row < count; row++, rows += size * channels, out += channels)
        for (size_t first = 0; first < channels; first += 16) {
            ck_i32x16 sum = {0};
            for (size_t i = 0; i < size; i++)
                sum += __builtin_convertvector(*(const ck_u8x16 *)(rows + i * channels + first), ck_i32x16);
            sum = 2 * sum + (int32_t)size;
            ck_u8x16 mean;
            // The quotient, if whole numbers do not divide, differs from the next whole number by at least
            // 1 / (2 · size); up to this size f32 tells them apart, so rounding down gives the same bits.
            if (size <= 16384)
                mean = __builtin_convertvector(
                    __builtin_convertvector(
                        __builtin_convertvector(sum, ck_f32x16) / (float)(2 * size), ck_i32x16), ck_u8x16);
            else
                for (size_t j = 0; j < 16; j++) mean[j] = (uint8_t)(sum[j] / (int32_t)(2 * size));
            ck_store_bytes(out + first, &mean, channels - first);
        }
}

/// 16 values of a window to u8; adds the exponents' bits that are all set to `bad`.
static CK_INLINE ck_u8x16 CK(quantise16)(const float *window, const float *mean, const float *factor,
                                         ck_i32x16 *bad) {
#pragma clang fp contract(off)
    ck_f32x16 value = *(const ck_f32x16 *)window;
    *bad |= ((ck_i32x16)value & 0x7F800000) == 0x7F800000;
    ck_f32x16 scaled = (value - *(const ck_f32x16 *)mean) * *(const ck_f32x16 *)factor;
    scaled = __builtin_elementwise_max(scaled, (ck_f32x16){0} - 128);
    scaled = __builtin_elementwise_min(scaled, (ck_f32x16){0} + 127);
    // Added to a number of at most 2^22 this leaves the nearest integer, ties to even, in the lowest bits.
    ck_i32x16 bits = (ck_i32x16)(scaled + 12582912.0f);
    return __builtin_convertvector((bits & 255) ^ 128, ck_u8x16);
}

static int CK(quantise)(const float *window, size_t count, const float *mean, const float *factor, size_t period,
                        uint8_t *out) {
    ck_i32x16 bad = {0};
    size_t phase = 0, i = 0;
    for (; i + 16 <= count; i += 16) {
        *(ck_u8x16 *)(out + i) = CK(quantise16)(window + i, mean + phase, factor + phase, &bad);
        phase = phase + 16 == period ? 0 : phase + 16;
    }
    if (i < count) {
        float rest[16] = {0};
        memcpy(rest, window + i, (count - i) * sizeof(float));
        ck_u8x16 bytes = CK(quantise16)(rest, mean + phase, factor + phase, &bad);
        memcpy(out + i, &bytes, count - i);
    }
    return !__builtin_reduce_or(bad);
}
