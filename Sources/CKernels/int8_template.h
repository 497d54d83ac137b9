// The u8 x s8 product, included once per level. Every level gives the same bits: sums are exact in i32.
//
// Before inclusion: CK(name) names the level's symbols; CK_INT8_ROWS is the rows of a tile; either CK_INT8_DOT is 1 and
// `CK(dot4)` multiplies bytes directly, or CK_INT8_VECTOR is the i32 lanes of a vector and `CK(pairs)` multiplies pairs.
//
// Packed weights stand in blocks of 16 outputs; a group is 16 outputs x 4 in depth = 64 bytes.

enum { CK(group) = CK_INT8_OUTPUTS * CK_INT8_DEPTH };

#if CK_INT8_DOT

/// Adds the products of one group; `count` bytes of each row are left, and no more are read.
static CK_INLINE void CK(int8_step)(const uint8_t *const *rows, size_t offset, size_t count, const int8_t *weights,
                                    ck_i32x16 *acc) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CK_INT8_ROWS; i++) {
        uint32_t bytes = 0;
        memcpy(&bytes, rows[i] + offset, count);
        CK(dot4)(&acc[i], bytes, weights);
    }
}

static void CK(u8s8)(const uint8_t *rows, size_t count, ptrdiff_t row_stride, const int8_t *packed, size_t outputs,
                     size_t depth, const int32_t *bias, int32_t *out, ptrdiff_t out_stride) {
    size_t whole = depth / CK_INT8_DEPTH, rest = depth % CK_INT8_DEPTH;
    for (size_t first = 0; first < outputs; first += CK_INT8_OUTPUTS) {
        size_t columns = outputs - first < CK_INT8_OUTPUTS ? outputs - first : CK_INT8_OUTPUTS;
        ck_i32x16 start = {0};
        if (bias) memcpy(&start, bias + first, columns * sizeof(int32_t));
        for (size_t row = 0; row < count; row += CK_INT8_ROWS) {
            const uint8_t *tile[CK_INT8_ROWS];
            ck_i32x16 acc[CK_INT8_ROWS];
            for (size_t i = 0; i < CK_INT8_ROWS; i++) {
                // Rows beyond the last repeat it; their results are dropped.
                size_t index = row + i < count ? row + i : count - 1;
                tile[i] = rows + (ptrdiff_t)index * row_stride;
                acc[i] = start;
            }
            for (size_t step = 0; step < whole; step++)
                CK(int8_step)(tile, step * CK_INT8_DEPTH, CK_INT8_DEPTH, packed + step * CK(group), acc);
            if (rest) CK(int8_step)(tile, whole * CK_INT8_DEPTH, rest, packed + whole * CK(group), acc);
#pragma clang loop unroll(full)
            for (size_t i = 0; i < CK_INT8_ROWS; i++)
                if (row + i < count)
                    memcpy(out + (ptrdiff_t)(row + i) * out_stride + first, &acc[i], columns * sizeof(int32_t));
        }
        packed += (whole + (rest != 0)) * CK(group);
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

/// Depth that is widened at a time: the scratch stays in the first-level cache.
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

/// Copies `length` bytes as i16, four of each row side by side, zeros behind.
static void CK(int8_widen)(const uint8_t *bytes, size_t length, size_t row,
                           int16_t (*wide)[CK_INT8_ROWS][CK_INT8_DEPTH]) {
    size_t whole = length / CK_INT8_DEPTH;
    for (size_t step = 0; step < whole; step++)
        for (size_t j = 0; j < CK_INT8_DEPTH; j++) wide[step][row][j] = bytes[step * CK_INT8_DEPTH + j];
    if (length % CK_INT8_DEPTH)
        for (size_t j = 0; j < CK_INT8_DEPTH; j++) {
            size_t index = whole * CK_INT8_DEPTH + j;
            wide[whole][row][j] = index < length ? bytes[index] : 0;
        }
}

static void CK(u8s8)(const uint8_t *rows, size_t count, ptrdiff_t row_stride, const int8_t *packed, size_t outputs,
                     size_t depth, const int32_t *bias, int32_t *out, ptrdiff_t out_stride) {
    size_t block_size = (depth + CK_INT8_DEPTH - 1) / CK_INT8_DEPTH * CK(group);
    for (size_t row = 0; row < count; row += CK_INT8_ROWS) {
        size_t used = count - row < CK_INT8_ROWS ? count - row : CK_INT8_ROWS;
        for (size_t start = 0; start < depth; start += CK(int8_depth)) {
            size_t length = depth - start < CK(int8_depth) ? depth - start : CK(int8_depth);
            size_t steps = (length + CK_INT8_DEPTH - 1) / CK_INT8_DEPTH;
            int16_t wide[CK(int8_depth) / CK_INT8_DEPTH][CK_INT8_ROWS][CK_INT8_DEPTH];
            for (size_t i = 0; i < CK_INT8_ROWS; i++) {
                // Rows beyond the last repeat it; their results are dropped.
                size_t index = i < used ? row + i : count - 1;
                CK(int8_widen)(rows + (ptrdiff_t)index * row_stride + start, length, i, wide);
            }
            const int8_t *block = packed + start / CK_INT8_DEPTH * CK(group);
            for (size_t first = 0; first < outputs; first += CK_INT8_OUTPUTS, block += block_size) {
                size_t columns = outputs - first < CK_INT8_OUTPUTS ? outputs - first : CK_INT8_OUTPUTS;
                CK(i32) acc[CK_INT8_ROWS][CK_INT8_VECTORS] = {0};
                for (size_t step = 0; step < steps; step++) CK(int8_step)(wide[step], block + step * CK(group), acc);
                int32_t sums[CK_INT8_ROWS][CK_INT8_OUTPUTS * 2];
                memcpy(sums, acc, sizeof sums);
                for (size_t i = 0; i < used; i++) {
                    int32_t *result = out + (ptrdiff_t)(row + i) * out_stride + first;
                    for (size_t j = 0; j < columns; j++) {
                        int32_t before = start ? result[j] : bias ? bias[first + j] : 0;
                        result[j] = before + sums[i][2 * j] + sums[i][2 * j + 1];
                    }
                }
            }
        }
    }
}

#undef CK_INT8_LANES
#undef CK_INT8_VECTORS
#endif

static void CK(requantise)(const int32_t *acc, size_t count, size_t columns, const int32_t *multiplier,
                           const uint8_t *shift, uint8_t *out) {
    for (size_t row = 0; row < count; row++)
        for (size_t j = 0; j < columns; j++) {
            int64_t value = (int64_t)acc[row * columns + j] * multiplier[j];
            value = (value + ((int64_t)1 << (shift[j] - 1))) >> shift[j];
            out[row * columns + j] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
}
