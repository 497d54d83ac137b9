// The f32 kernels, included once per level. Bits are the same for the same level and shapes, and may differ between
// levels (fused products, lanes).
//
// Before inclusion: CK(name) names the level's symbols; CK_LANES is the floats of a vector; CK_TILE the rows of a tile.

typedef float CK(vec) __attribute__((vector_size(CK_LANES * 4), aligned(4)));

/// Depth of `multiply` at a time: two packed panels of it stream from the second-level cache, and sums are seldom put down.
enum { CK(depth_block) = 640 };
/// Rows of `outer` at a time, and rows left free behind each of its panels: without these all panels would begin in the
/// same set of the first-level cache, and gathering a row would drive its own lines out.
enum { CK(row_block) = 256, CK(panel_gap) = 2 };

/// Adds a tile: CK_TILE rows x `vectors` panels. a[i][k * step] times panel[v][k].
static CK_INLINE void CK(tile)(size_t depth, const float *const *a, ptrdiff_t step, const float *panel0,
                               const float *panel1, int vectors, CK(vec) (*acc)[2]) {
#pragma clang fp contract(fast)
    const float *row[CK_TILE];
    CK(vec) sum[CK_TILE][2];
#pragma clang loop unroll(full)
    for (int i = 0; i < CK_TILE; i++) {
        row[i] = a[i];
        sum[i][0] = acc[i][0];
        if (vectors > 1) sum[i][1] = acc[i][1];
    }
    ptrdiff_t offset = 0;
    for (size_t k = 0; k < depth; k++, offset += step) {
        CK(vec) b0 = *(const CK(vec) *)(panel0 + k * CK_LANES);
        CK(vec) b1 = b0;
        if (vectors > 1) b1 = *(const CK(vec) *)(panel1 + k * CK_LANES);
#pragma clang loop unroll(full)
        for (int i = 0; i < CK_TILE; i++) {
            float value = row[i][offset];
            sum[i][0] += value * b0;
            if (vectors > 1) sum[i][1] += value * b1;
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < CK_TILE; i++) {
        acc[i][0] = sum[i][0];
        if (vectors > 1) acc[i][1] = sum[i][1];
    }
}

static CK_INLINE void CK(load)(CK(vec) *to, const float *from, size_t columns) {
    if (columns >= CK_LANES)
        *to = *(const CK(vec) *)from;
    else
        memcpy(to, from, columns * sizeof(float));
}

static CK_INLINE void CK(store)(float *to, const CK(vec) *from, size_t columns) {
    if (columns >= CK_LANES)
        *(CK(vec) *)to = *from;
    else
        memcpy(to, from, columns * sizeof(float));
}

static void CK(pack)(float *packed, size_t depth, size_t offset, size_t count, size_t n, const float *source,
                     ptrdiff_t depth_stride, ptrdiff_t column_stride) {
    for (size_t j = 0; j < n; j += CK_LANES, packed += depth * CK_LANES) {
        size_t columns = n - j < CK_LANES ? n - j : CK_LANES;
        for (size_t k = 0; k < count; k++) {
            float *to = packed + (offset + k) * CK_LANES;
            const float *from = source + (ptrdiff_t)k * depth_stride + (ptrdiff_t)j * column_stride;
            for (size_t l = 0; l < columns; l++) to[l] = from[(ptrdiff_t)l * column_stride];
            for (size_t l = columns; l < CK_LANES; l++) to[l] = 0;
        }
    }
}

/// All row tiles against one or two panels.
static CK_INLINE void CK(sweep)(ck_rows a, size_t depth, const float *panel0, const float *panel1, int vectors,
                                size_t columns, const float *bias, ck_rows c, int accumulate) {
    size_t total = a.rows * a.groups;
    const float *a_group = a.base, *a_row = a.base;
    float *c_group = c.base, *c_row = c.base;
    size_t a_left = a.rows, c_left = c.rows;
    size_t columns0 = columns < CK_LANES ? columns : CK_LANES, columns1 = columns - columns0;
    CK(vec) start0 = {0}, start1 = {0};
    if (bias) {
        CK(load)(&start0, bias, columns0);
        if (vectors > 1) CK(load)(&start1, bias + CK_LANES, columns1);
    }
    for (size_t row = 0; row < total; row += CK_TILE) {
        const float *from[CK_TILE];
        float *to[CK_TILE];
        size_t used = total - row < CK_TILE ? total - row : CK_TILE;
        for (size_t i = 0; i < CK_TILE; i++) {
            // Rows beyond the last repeat it; their results are dropped.
            from[i] = a_row;
            to[i] = c_row;
            if (i + 1 >= used && row + i + 1 >= total) continue;
            a_row += a.row_stride;
            if (--a_left == 0) a_left = a.rows, a_group += a.group_stride, a_row = a_group;
            c_row += c.row_stride;
            if (--c_left == 0) c_left = c.rows, c_group += c.group_stride, c_row = c_group;
        }
        CK(vec) acc[CK_TILE][2];
#pragma clang loop unroll(full)
        for (int i = 0; i < CK_TILE; i++) {
            acc[i][0] = start0;
            acc[i][1] = start1;
            if (accumulate) {
                CK(load)(&acc[i][0], to[i], columns0);
                if (vectors > 1) CK(load)(&acc[i][1], to[i] + CK_LANES, columns1);
            }
        }
        CK(tile)(depth, from, 1, panel0, panel1, vectors, acc);
#pragma clang loop unroll(full)
        for (int i = 0; i < CK_TILE; i++) {
            if ((size_t)i >= used) continue;
            CK(store)(to[i], &acc[i][0], columns0);
            if (vectors > 1) CK(store)(to[i] + CK_LANES, &acc[i][1], columns1);
        }
    }
}

static void CK(multiply)(ck_rows a, size_t depth, const float *packed, size_t n, const float *bias, ck_rows c,
                         int accumulate) {
    for (size_t start = 0; start < depth; start += CK(depth_block)) {
        size_t length = depth - start < CK(depth_block) ? depth - start : CK(depth_block);
        ck_rows left = a, right = c;
        left.base += start;
        for (size_t j = 0; j < n; j += 2 * CK_LANES) {
            const float *panel = packed + (j * depth + start * CK_LANES);
            const float *add = bias ? bias + j : 0;
            right.base = c.base + j;
            if (n - j > CK_LANES)
                CK(sweep)(left, length, panel, panel + depth * CK_LANES, 2, n - j < 2 * CK_LANES ? n - j : 2 * CK_LANES,
                          add, right, accumulate || start);
            else
                CK(sweep)(left, length, panel, panel, 1, n - j, add, right, accumulate || start);
        }
    }
}

static size_t CK(outer_scratch)(size_t m, size_t n) {
    return (CK(row_block) + CK(panel_gap)) * ((m + CK_TILE - 1) / CK_TILE * CK_TILE + (n + CK_LANES - 1) / CK_LANES * CK_LANES);
}

/// Copies rows start ..< start + count into panels of `width` columns, zeros behind.
static CK_INLINE void CK(gather)(ck_rows x, size_t start, size_t count, size_t columns, size_t width, float *packed) {
    for (size_t r = 0; r < count; r++) {
        const float *row = x.base + (ptrdiff_t)((start + r) / x.rows) * x.group_stride
            + (ptrdiff_t)((start + r) % x.rows) * x.row_stride;
        float *to = packed + r * width;
        size_t j = 0;
        for (; j + width <= columns; j += width, to += (count + CK(panel_gap)) * width) memcpy(to, row + j, width * sizeof(float));
        if (j < columns)
            for (size_t l = 0; l < width; l++) to[l] = j + l < columns ? row[j + l] : 0;
    }
}

static void CK(outer)(ck_rows a, size_t m, ck_rows b, size_t n, float *c, float *scratch) {
    size_t total = a.rows * a.groups;
    float *left = scratch;
    float *right = scratch + (CK(row_block) + CK(panel_gap)) * ((m + CK_TILE - 1) / CK_TILE * CK_TILE);
    for (size_t start = 0; start < total; start += CK(row_block)) {
        size_t depth = total - start < CK(row_block) ? total - start : CK(row_block);
        size_t panel_rows = depth + CK(panel_gap);
        CK(gather)(a, start, depth, m, CK_TILE, left);
        CK(gather)(b, start, depth, n, CK_LANES, right);
        for (size_t j = 0; j < n; j += 2 * CK_LANES) {
            int vectors = n - j > CK_LANES ? 2 : 1;
            size_t columns0 = n - j < CK_LANES ? n - j : CK_LANES;
            size_t columns1 = n - j - columns0 < CK_LANES ? n - j - columns0 : CK_LANES;
            const float *panel = right + j * panel_rows, *second = panel + panel_rows * CK_LANES;
            for (size_t i = 0; i < m; i += CK_TILE) {
                const float *from[CK_TILE];
                CK(vec) acc[CK_TILE][2];
                size_t used = m - i < CK_TILE ? m - i : CK_TILE;
                float *to = c + i * n + j;
#pragma clang loop unroll(full)
                for (size_t l = 0; l < CK_TILE; l++) {
                    from[l] = left + i * panel_rows + l;
                    acc[l][0] = acc[l][1] = (CK(vec)){0};
                    if (l >= used) continue;
                    CK(load)(&acc[l][0], to + l * n, columns0);
                    if (vectors > 1) CK(load)(&acc[l][1], to + l * n + CK_LANES, columns1);
                }
                if (vectors > 1)
                    CK(tile)(depth, from, CK_TILE, panel, second, 2, acc);
                else
                    CK(tile)(depth, from, CK_TILE, panel, panel, 1, acc);
#pragma clang loop unroll(full)
                for (size_t l = 0; l < CK_TILE; l++) {
                    if (l >= used) continue;
                    CK(store)(to + l * n, &acc[l][0], columns0);
                    if (vectors > 1) CK(store)(to + l * n + CK_LANES, &acc[l][1], columns1);
                }
            }
        }
    }
}

#define CK_ROW(x) ((x).base + (ptrdiff_t)group * (x).group_stride + (ptrdiff_t)row * (x).row_stride)
#define CK_EACH_ROW(x)                                \
    for (size_t group = 0; group < (x).groups; group++) \
        for (size_t row = 0; row < (x).rows; row++)

static void CK(moments)(ck_rows x, size_t channels, float *restrict mean, float *restrict variance) {
    // Deviations from the first row: no cancellation where the mean is far from zero.
    const float *restrict first = x.base;
    for (size_t c = 0; c < channels; c++) mean[c] = variance[c] = 0;
    CK_EACH_ROW(x) {
        const float *restrict v = CK_ROW(x);
        for (size_t c = 0; c < channels; c++) {
            float d = v[c] - first[c];
            mean[c] += d;
            variance[c] += d * d;
        }
    }
    float share = 1.0f / (float)(x.rows * x.groups);
    for (size_t c = 0; c < channels; c++) {
        float d = mean[c] * share;
        float v = variance[c] * share - d * d;
        mean[c] = first[c] + d;
        variance[c] = v > 0 ? v : 0;
    }
}

static void CK(scale_shift)(ck_rows x, size_t channels, const float *restrict scale, const float *restrict shift,
                            int relu, ck_rows y) {
    CK_EACH_ROW(x) {
        const float *v = CK_ROW(x);
        float *to = CK_ROW(y);
        if (relu)
            for (size_t c = 0; c < channels; c++) {
                float value = v[c] * scale[c] + shift[c];
                to[c] = value > 0 ? value : 0;
            }
        else
            for (size_t c = 0; c < channels; c++) to[c] = v[c] * scale[c] + shift[c];
    }
}

static void CK(norm_sums)(ck_rows g, ck_rows x, ck_rows y, int relu, size_t channels, const float *restrict mean,
                          float *restrict sum, float *restrict product) {
    for (size_t c = 0; c < channels; c++) sum[c] = product[c] = 0;
    CK_EACH_ROW(g) {
        const float *restrict gradient = CK_ROW(g), *restrict v = CK_ROW(x), *restrict out = CK_ROW(y);
        for (size_t c = 0; c < channels; c++) {
            float d = !relu || out[c] > 0 ? gradient[c] : 0;
            sum[c] += d;
            product[c] += d * (v[c] - mean[c]);
        }
    }
}

static void CK(norm_back)(ck_rows g, ck_rows x, ck_rows y, int relu, size_t channels, const float *restrict mean,
                          const float *restrict scale, const float *restrict slope, const float *restrict shift,
                          ck_rows d) {
    CK_EACH_ROW(g) {
        const float *gradient = CK_ROW(g), *v = CK_ROW(x), *out = CK_ROW(y);
        float *to = CK_ROW(d);
        for (size_t c = 0; c < channels; c++) {
            float masked = !relu || out[c] > 0 ? gradient[c] : 0;
            to[c] = scale[c] * masked + slope[c] * (v[c] - mean[c]) + shift[c];
        }
    }
}

static void CK(column_sums)(ck_rows x, size_t channels, float *restrict sum) {
    CK_EACH_ROW(x) {
        const float *restrict v = CK_ROW(x);
        for (size_t c = 0; c < channels; c++) sum[c] += v[c];
    }
}

static void CK(max_pool)(ck_rows x, size_t size, size_t channels, ck_rows y) {
    for (size_t group = 0; group < y.groups; group++)
        for (size_t row = 0; row < y.rows; row++) {
            const float *v = x.base + (ptrdiff_t)group * x.group_stride + (ptrdiff_t)(row * size) * x.row_stride;
            float *restrict to = CK_ROW(y);
            for (size_t c = 0; c < channels; c++) to[c] = v[c];
            for (size_t k = 1; k < size; k++) {
                const float *restrict next = v + (ptrdiff_t)k * x.row_stride;
                for (size_t c = 0; c < channels; c++) to[c] = next[c] > to[c] ? next[c] : to[c];
            }
        }
}

static void CK(max_pool_back)(ck_rows g, ck_rows x, ck_rows y, size_t size, size_t channels, ck_rows d,
                              float *restrict rest) {
    for (size_t group = 0; group < y.groups; group++) {
        for (size_t row = 0; row < y.rows; row++) {
            const float *restrict gradient = CK_ROW(g), *restrict out = CK_ROW(y);
            for (size_t c = 0; c < channels; c++) rest[c] = gradient[c];
            for (size_t k = 0; k < size; k++) {
                ptrdiff_t at = (ptrdiff_t)(row * size + k);
                const float *restrict v = x.base + (ptrdiff_t)group * x.group_stride + at * x.row_stride;
                float *restrict to = d.base + (ptrdiff_t)group * d.group_stride + at * d.row_stride;
                for (size_t c = 0; c < channels; c++) {
                    float taken = v[c] == out[c] ? rest[c] : 0;
                    to[c] = taken;
                    rest[c] -= taken;
                }
            }
        }
        // Rows that fill no window.
        for (size_t row = y.rows * size; row < d.rows; row++) memset(CK_ROW(d), 0, channels * sizeof(float));
    }
}

static void CK(adamw)(size_t count, float *value, const float *gradient, float *first, float *second,
                      const float *decay, const float *anchor, float beta1, float beta2, float rate,
                      float root_correction, float epsilon, float decay_rate) {
    for (size_t i = 0; i < count; i += CK_LANES) {
        size_t used = count - i < CK_LANES ? count - i : CK_LANES;
        CK(vec) x = {0}, g = {0}, m = {0}, v = {0}, share = {0}, target = {0};
        CK(load)(&x, value + i, used);
        CK(load)(&g, gradient + i, used);
        CK(load)(&m, first + i, used);
        CK(load)(&v, second + i, used);
        CK(load)(&share, decay + i, used);
        CK(load)(&target, anchor + i, used);
        m = beta1 * m + (1 - beta1) * g;
        v = beta2 * v + (1 - beta2) * g * g;
        // The builtin has no errno, so it stays a vector instruction.
        x -= decay_rate * share * (x - target) + rate * m / (__builtin_elementwise_sqrt(v) * root_correction + epsilon);
        CK(store)(value + i, &x, used);
        CK(store)(first + i, &m, used);
        CK(store)(second + i, &v, used);
    }
}

#undef CK_ROW
#undef CK_EACH_ROW
