// The layers of an f32 network that only infers, included once per level: bias and ReLU are part of the product. Bits are
// the same for the same level and shapes, and may differ between levels.
//
// Before inclusion: as for float_template.h, which comes first.

/// `tiles` tiles of `height` rows against `width` panels of outputs from `panel` on.
static CK_INLINE void CK(dense_tiles)(int height, int width, size_t tiles, const float *rows, const ck_patches *patches,
                                      const ck_float_layer *layer, size_t panel, float *out) {
#pragma clang fp contract(fast)
    size_t panel_size = patches->segments * patches->length * CK_LANES, length = patches->length;
    const float *packed = layer->packed + panel * panel_size;
    ptrdiff_t row_stride = patches->row_stride;
    size_t outputs = layer->outputs, first = panel * CK_LANES;
    size_t last = outputs - first - (size_t)(width - 1) * CK_LANES;
    for (; tiles; tiles--, rows += height * row_stride, out += (size_t)height * outputs) {
        CK(vec) sum[8][3];
#pragma clang loop unroll(full)
        for (int i = 0; i < height; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < width; v++) sum[i][v] = *(const CK(vec) *)(layer->bias + first + (size_t)v * CK_LANES);
        const float *weights = packed, *run = rows;
        for (size_t segment = 0; segment < patches->segments; segment++, run += patches->segment_stride) {
            const float *values = run;
            for (size_t k = 0; k < length; k++, values++, weights += CK_LANES) {
                CK(vec) w[3];
#pragma clang loop unroll(full)
                for (int v = 0; v < width; v++) w[v] = *(const CK(vec) *)(weights + (size_t)v * panel_size);
#pragma clang loop unroll(full)
                for (int i = 0; i < height; i++) {
                    float value = values[i * row_stride];
#pragma clang loop unroll(full)
                    for (int v = 0; v < width; v++) sum[i][v] += value * w[v];
                }
            }
        }
        // A copy: were addresses of the sums themselves taken, they would not stay in registers above.
        CK(vec) tile[8][3];
#pragma clang loop unroll(full)
        for (int i = 0; i < height; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < width; v++)
                tile[i][v] = layer->relu ? __builtin_elementwise_max(sum[i][v], (CK(vec)){0}) : sum[i][v];
        for (int i = 0; i < height; i++)
            for (int v = 0; v < width; v++)
                CK(store)(out + (size_t)i * outputs + first + (size_t)v * CK_LANES, &tile[i][v],
                          v + 1 < width || last > CK_LANES ? CK_LANES : last);
    }
}

#define CK_TILE_FUNCTION(height, width)                                                                       \
    static void CK_JOIN(CK(dense), height, width)(size_t tiles, const float *rows, const ck_patches *patches, \
                                                  const ck_float_layer *layer, size_t panel, float *out) {    \
        CK(dense_tiles)(height, width, tiles, rows, patches, layer, panel, out);                              \
    }
CK_EACH_TILE(CK_TILE_FUNCTION)
#undef CK_TILE_FUNCTION

static void CK(dense)(const float *rows, const ck_patches *patches, const ck_float_layer *layer, float *out) {
    static void (*const functions[3][8])(size_t, const float *, const ck_patches *, const ck_float_layer *, size_t,
                                         float *) = CK_TILE_TABLE(CK(dense));
    size_t panels = (layer->outputs + CK_LANES - 1) / CK_LANES;
    for (size_t panel = 0; panel < panels;) {
        size_t width = ck_tile_width(panels - panel);
        ck_tiling tiling = ck_tiling_of(patches->rows, CK(tile_rows)[width - 1]);
        functions[width - 1][tiling.height - 1](tiling.tall, rows, patches, layer, panel, out);
        if (tiling.low)
            functions[width - 1][tiling.height - 2](
                tiling.low, rows + (ptrdiff_t)(tiling.tall * tiling.height) * patches->row_stride, patches, layer,
                panel, out + tiling.tall * tiling.height * layer->outputs);
        panel += width;
    }
}

static void CK(depthwise)(const float *rows, const ck_patches *patches, const ck_float_layer *layer, float *out) {
#pragma clang fp contract(fast)
    size_t channels = layer->outputs;
    for (size_t row = 0; row < patches->rows; row++, rows += patches->row_stride, out += channels) {
        const float *weights = layer->packed;
        for (size_t first = 0; first < channels; first += CK_LANES) {
            CK(vec) sum = *(const CK(vec) *)(layer->bias + first);
            const float *from = rows + first;
            for (size_t tap = 0; tap < patches->segments; tap++, from += patches->segment_stride, weights += CK_LANES)
                sum += *(const CK(vec) *)from * *(const CK(vec) *)weights;
            if (layer->relu) sum = __builtin_elementwise_max(sum, (CK(vec)){0});
            CK(store)(out + first, &sum, channels - first);
        }
    }
}

static void CK(pool)(const float *restrict rows, size_t count, size_t size, size_t channels, int average,
                     float *restrict out) {
    for (size_t row = 0; row < count; row++, rows += size * channels, out += channels)
        for (size_t first = 0; first < channels; first += CK_LANES) {
            CK(vec) value = *(const CK(vec) *)(rows + first);
            for (size_t i = 1; i < size; i++) {
                CK(vec) next = *(const CK(vec) *)(rows + i * channels + first);
                value = average ? value + next : __builtin_elementwise_max(value, next);
            }
            if (average) value = value / (float)size;
            CK(store)(out + first, &value, channels - first);
        }
}

static int CK(normalise)(const float *window, size_t count, const float *mean, const float *factor, size_t period,
                         float *out) {
    ck_i32x16 bad = {0};
    size_t phase = 0;
    for (size_t i = 0; i < count; i += 16) {
        size_t used = count - i < 16 ? count - i : 16;
        ck_f32x16 value = {0};
        if (used == 16)
            value = *(const ck_f32x16 *)(window + i);
        else
            memcpy(&value, window + i, used * sizeof(float));
        bad |= ((ck_i32x16)value & 0x7F800000) == 0x7F800000;
        value = (value - *(const ck_f32x16 *)(mean + phase)) * *(const ck_f32x16 *)(factor + phase);
        memcpy(out + i, &value, used * sizeof(float));
        phase = phase + 16 == period ? 0 : phase + 16;
    }
    return !__builtin_reduce_or(bad);
}
