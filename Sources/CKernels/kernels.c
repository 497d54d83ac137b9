#include "CKernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define CK_INLINE inline __attribute__((always_inline))

typedef int32_t ck_i32x16 __attribute__((vector_size(64), aligned(1)));
typedef float ck_f32x16 __attribute__((vector_size(64), aligned(1)));
typedef int16_t ck_i16x16 __attribute__((vector_size(32), aligned(1)));
typedef int8_t ck_i8x16 __attribute__((vector_size(16), aligned(1)));
typedef uint8_t ck_u8x16 __attribute__((vector_size(16), aligned(1)));
typedef uint8_t ck_u8x64 __attribute__((vector_size(64), aligned(1)));

// Tiles of a layer's products: CK_EACH_TILE(F) is F(height, width) for every tile of a level, CK_TILE_TABLE the functions
// made of them by width and height.
#define CK_JOIN_(prefix, height, width) prefix##_##height##_##width
#define CK_JOIN(prefix, height, width) CK_JOIN_(prefix, height, width)
#define CK_HEIGHTS_4(F, w) F(1, w) F(2, w) F(3, w) F(4, w)
#define CK_HEIGHTS_6(F, w) CK_HEIGHTS_4(F, w) F(5, w) F(6, w)
#define CK_HEIGHTS_8(F, w) CK_HEIGHTS_6(F, w) F(7, w) F(8, w)
#define CK_NAMES_4(p, w) CK_JOIN(p, 1, w), CK_JOIN(p, 2, w), CK_JOIN(p, 3, w), CK_JOIN(p, 4, w)
#define CK_NAMES_6(p, w) CK_NAMES_4(p, w), CK_JOIN(p, 5, w), CK_JOIN(p, 6, w)
#define CK_NAMES_8(p, w) CK_NAMES_6(p, w), CK_JOIN(p, 7, w), CK_JOIN(p, 8, w)

/// Blocks of outputs that the next tiles take of those left: three at a time, but no single one at the end of many.
static CK_INLINE size_t ck_tile_width(size_t blocks) { return blocks <= 3 ? blocks : blocks % 3 == 1 ? 2 : 3; }

/// Tiles of about the same height for all rows: `tall` ones, then `low` ones with a row less.
typedef struct ck_tiling {
    size_t height, tall, low;
} ck_tiling;

static CK_INLINE ck_tiling ck_tiling_of(size_t rows, size_t most) {
    size_t tiles = (rows + most - 1) / most;
    size_t height = (rows + tiles - 1) / tiles;
    size_t tall = rows - tiles * (height - 1);
    return (ck_tiling){height, tall, tiles - tall};
}

/// The high halves of the products of 16 pairs, from what every level has.
static CK_INLINE void ck_high(ck_i32x16 *value, const ck_i32x16 *multiplier) {
    for (int i = 0; i < 16; i++) (*value)[i] = (int32_t)(((int64_t)(*value)[i] * (*multiplier)[i]) >> 32);
}

/// Stores 16 bytes, or the first `count` of them.
static CK_INLINE void ck_store_bytes(uint8_t *out, const ck_u8x16 *bytes, size_t count) {
    if (count >= 16) {
        *(ck_u8x16 *)out = *bytes;
        return;
    }
    const uint8_t *from = (const uint8_t *)bytes;
    if (count & 8) memcpy(out, from, 8), out += 8, from += 8;
    if (count & 4) memcpy(out, from, 4), out += 4, from += 4;
    if (count & 2) memcpy(out, from, 2), out += 2, from += 2;
    if (count & 1) *out = *from;
}

/// Rare: factors of a quarter and more, whose shifts cannot be brought to 33. See `finish` in int8_template.h.
static void ck_finish_general(const int32_t *sums, size_t height, size_t width, size_t step, const ck_int8_layer *layer,
                              size_t block, uint8_t *out) {
    size_t first = block * CK_INT8_OUTPUTS;
    for (size_t i = 0; i < height; i++)
        for (size_t j = first; j < first + width * CK_INT8_OUTPUTS && j < layer->outputs; j++) {
            int64_t value = (int64_t)sums[i * step * CK_INT8_OUTPUTS + j - first] * layer->multiplier[j];
            value = ((value + ((int64_t)1 << (layer->shift[j] - 1))) >> layer->shift[j]) + layer->zero_point;
            out[i * layer->outputs + j] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
}

/// What a tile's sums become where they are logits, or need general requantisation.
static __attribute__((noinline)) void ck_finish_rarely(const ck_i32x16 (*tile)[3], size_t height, size_t width,
                                                       const ck_int8_layer *layer, size_t block, void *out) {
    if (layer->multiplier) {
        ck_finish_general((const int32_t *)tile, height, width, 3, layer, block, out);
        return;
    }
    size_t first = block * CK_INT8_OUTPUTS, columns = layer->outputs - first;
    if (columns > width * CK_INT8_OUTPUTS) columns = width * CK_INT8_OUTPUTS;
    for (size_t i = 0; i < height; i++)
        memcpy((int32_t *)out + i * layer->outputs + first, tile[i], columns * sizeof(int32_t));
}

/// Stores 16 numbers clamped to bytes, or the first `count` of them, with what every level has.
static CK_INLINE void ck_put(uint8_t *out, const ck_i32x16 *value, size_t count) {
    ck_i32x16 clamped = __builtin_elementwise_max(*value, (ck_i32x16){0});
    clamped = __builtin_elementwise_min(clamped, (ck_i32x16){0} + 255);
    ck_u8x16 bytes = __builtin_convertvector(clamped, ck_u8x16);
    ck_store_bytes(out, &bytes, count);
}

// Base: SSE2 or NEON, what every machine of the architecture has.
#define CK(name) base_##name
#define CK_LEVEL CK_BASE
#define CK_LANES 4
#define CK_TILE 4
#define CK_TILE_SHAPE 0
#define CK_INT8_ROWS 1
#define CK_INT8_VECTOR 4
#define base_high ck_high
#define base_put ck_put
typedef int16_t base_pair __attribute__((vector_size(16)));
typedef int32_t base_sum __attribute__((vector_size(16)));
static CK_INLINE base_sum base_pairs(base_pair a, base_pair b) {
#if defined(__x86_64__)
    return (base_sum)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    base_sum even = __builtin_convertvector(__builtin_shufflevector(a, a, 0, 2, 4, 6), base_sum)
        * __builtin_convertvector(__builtin_shufflevector(b, b, 0, 2, 4, 6), base_sum);
    return even
        + __builtin_convertvector(__builtin_shufflevector(a, a, 1, 3, 5, 7), base_sum)
        * __builtin_convertvector(__builtin_shufflevector(b, b, 1, 3, 5, 7), base_sum);
#endif
}
#include "level_template.h"

// The shapes of the AVX-512 code without its instructions, so that tests cover its tiling on every machine.
#define CK(name) wide_##name
#define CK_LEVEL CK_WIDE
#define CK_LANES 16
#define CK_TILE 8
#define CK_INT8_DOT 1
#define CK_TILE_SHAPE 1
// Out of line, or they would stand in every tile.
static __attribute__((noinline)) void wide_high(ck_i32x16 *value, const ck_i32x16 *multiplier) {
    ck_high(value, multiplier);
}
static __attribute__((noinline)) void wide_put(uint8_t *out, const ck_i32x16 *value, size_t count) {
    ck_put(out, value, count);
}
static __attribute__((noinline)) void wide_dot4(ck_i32x16 *acc, int32_t bytes, const ck_i32x16 *weights) {
    const int8_t *w = (const int8_t *)weights;
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 4; j++) (*acc)[i] += (int32_t)((uint32_t)bytes >> 8 * j & 255) * w[4 * i + j];
}
#include "level_template.h"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define CK(name) avx2_##name
#define CK_LEVEL CK_AVX2
#define CK_LANES 8
#define CK_TILE 6
#define CK_TILE_SHAPE 0
#define CK_INT8_ROWS 3
#define CK_INT8_VECTOR 8
typedef int16_t avx2_pair __attribute__((vector_size(32)));
typedef int32_t avx2_sum __attribute__((vector_size(32)));
static CK_INLINE avx2_sum avx2_pairs(avx2_pair a, avx2_pair b) {
    return (avx2_sum)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
#define avx2_put ck_put
static CK_INLINE void avx2_high(ck_i32x16 *value, const ck_i32x16 *multiplier) {
    for (int half = 0; half < 2; half++) {
        __m256i *a = (__m256i *)value + half;
        __m256i left = _mm256_loadu_si256(a), right = _mm256_loadu_si256((const __m256i *)multiplier + half);
        __m256i even = _mm256_srli_epi64(_mm256_mul_epi32(left, right), 32);
        __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(left, 32), _mm256_srli_epi64(right, 32));
        _mm256_storeu_si256(a, _mm256_blend_epi32(even, odd, 0xAA));
    }
}
#include "level_template.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
                             apply_to = function)
#define CK(name) avx512_##name
#define CK_LEVEL CK_AVX512
#define CK_LANES 16
#define CK_TILE 8
#define CK_INT8_DOT 1
#define CK_TILE_SHAPE 1
static CK_INLINE void avx512_dot4(ck_i32x16 *acc, int32_t bytes, const ck_i32x16 *weights) {
    *acc = (ck_i32x16)_mm512_dpbusd_epi32((__m512i)*acc, _mm512_set1_epi32(bytes), (__m512i)*weights);
}
static CK_INLINE void avx512_high(ck_i32x16 *value, const ck_i32x16 *multiplier) {
    __m512i left = (__m512i)*value, right = (__m512i)*multiplier;
    __m512i even = _mm512_mul_epi32(left, right);
    __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(left, 32), _mm512_srli_epi64(right, 32));
    // The even products' high halves take the place of the odd ones' low halves.
    *value = (ck_i32x16)_mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}
static CK_INLINE void avx512_put(uint8_t *out, const ck_i32x16 *value, size_t count) {
    __m512i positive = _mm512_max_epi32((__m512i)*value, _mm512_setzero_si512());
    if (count >= 16)
        _mm_storeu_si128((__m128i *)out, _mm512_cvtusepi32_epi8(positive));
    else
        _mm512_mask_cvtusepi32_storeu_epi8(out, (__mmask16)((1u << count) - 1), positive);
}
#include "level_template.h"
#pragma clang attribute pop

#endif

const ck_kernels *ck_kernels_at(int level) {
    switch (level) {
    case CK_BASE: return &base_table;
    case CK_WIDE: return &wide_table;
#if defined(__x86_64__)
    case CK_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &avx2_table : NULL;
    case CK_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                && __builtin_cpu_supports("avx512vnni")
            ? &avx512_table
            : NULL;
#endif
    default: return NULL;
    }
}

size_t ck_int8_packed_size(size_t outputs, size_t segments, size_t length) {
    size_t blocks = (outputs + CK_INT8_OUTPUTS - 1) / CK_INT8_OUTPUTS;
    size_t groups = segments * ((length + CK_INT8_DEPTH - 1) / CK_INT8_DEPTH);
    return blocks * groups * CK_INT8_OUTPUTS * CK_INT8_DEPTH;
}

void ck_int8_pack(const int8_t *weights, size_t outputs, size_t segments, size_t length, int8_t *packed) {
    for (size_t first = 0; first < outputs; first += CK_INT8_OUTPUTS)
        for (size_t segment = 0; segment < segments; segment++)
            for (size_t k = 0; k < length; k += CK_INT8_DEPTH)
                for (size_t o = first; o < first + CK_INT8_OUTPUTS; o++)
                    for (size_t j = k; j < k + CK_INT8_DEPTH; j++)
                        *packed++ = o < outputs && j < length ? weights[(o * segments + segment) * length + j] : 0;
}
