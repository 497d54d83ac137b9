#include "CKernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define CK_INLINE inline __attribute__((always_inline))

typedef int32_t ck_i32x16 __attribute__((vector_size(64), aligned(1)));

// Base: SSE2 or NEON, what every machine of the architecture has.
#define CK(name) base_##name
#define CK_LEVEL CK_BASE
#define CK_LANES 4
#define CK_TILE 4
#define CK_INT8_ROWS 1
#define CK_INT8_VECTOR 4
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
#define CK_INT8_ROWS 6
static CK_INLINE void wide_dot4(ck_i32x16 *acc, uint32_t bytes, const int8_t *weights) {
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 4; j++) (*acc)[i] += (int32_t)(bytes >> 8 * j & 255) * weights[4 * i + j];
}
#include "level_template.h"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define CK(name) avx2_##name
#define CK_LEVEL CK_AVX2
#define CK_LANES 8
#define CK_TILE 6
#define CK_INT8_ROWS 3
#define CK_INT8_VECTOR 8
typedef int16_t avx2_pair __attribute__((vector_size(32)));
typedef int32_t avx2_sum __attribute__((vector_size(32)));
static CK_INLINE avx2_sum avx2_pairs(avx2_pair a, avx2_pair b) {
    return (avx2_sum)_mm256_madd_epi16((__m256i)a, (__m256i)b);
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
#define CK_INT8_ROWS 6
static CK_INLINE void avx512_dot4(ck_i32x16 *acc, uint32_t bytes, const int8_t *weights) {
    __m512i sum = _mm512_dpbusd_epi32((__m512i)*acc, _mm512_set1_epi32((int)bytes), _mm512_loadu_si512(weights));
    *acc = (ck_i32x16)sum;
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

size_t ck_int8_packed_size(size_t outputs, size_t depth) {
    size_t blocks = (outputs + CK_INT8_OUTPUTS - 1) / CK_INT8_OUTPUTS;
    return blocks * ((depth + CK_INT8_DEPTH - 1) / CK_INT8_DEPTH) * CK_INT8_OUTPUTS * CK_INT8_DEPTH;
}

void ck_int8_pack(const int8_t *weights, size_t outputs, size_t depth, int8_t *packed) {
    for (size_t first = 0; first < outputs; first += CK_INT8_OUTPUTS)
        for (size_t k = 0; k < depth; k += CK_INT8_DEPTH)
            for (size_t o = first; o < first + CK_INT8_OUTPUTS; o++)
                for (size_t j = k; j < k + CK_INT8_DEPTH; j++)
                    *packed++ = o < outputs && j < depth ? weights[o * depth + j] : 0;
}

void ck_reference_u8s8(const uint8_t *rows, size_t count, ptrdiff_t row_stride, const int8_t *weights, size_t outputs,
                       size_t depth, const int32_t *bias, int32_t *out, ptrdiff_t out_stride) {
    for (size_t row = 0; row < count; row++)
        for (size_t o = 0; o < outputs; o++) {
            int32_t sum = bias ? bias[o] : 0;
            for (size_t k = 0; k < depth; k++)
                sum += (int32_t)rows[(ptrdiff_t)row * row_stride + (ptrdiff_t)k] * weights[o * depth + k];
            out[(ptrdiff_t)row * out_stride + (ptrdiff_t)o] = sum;
        }
}
