#include "CPeak.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Twelve independent sums hide the latency of four to five cycles at two instructions a cycle.
enum { sums = 12 };
static volatile float sink;

#define PEAK(name, lanes, attribute, step)                                             \
    typedef float name##_vector __attribute__((vector_size(lanes * 4)));               \
    attribute static double name(long rounds) {                                        \
        _Pragma("clang fp contract(fast)") name##_vector sum[sums], a = {0}, b = {0};  \
        a += 0.999f, b += 0.001f;                                                      \
        /* None starts where it would stay for ever, or the compiler would leave it out. */ \
        for (int i = 0; i < sums; i++) sum[i] = a + (float)i;                          \
        for (long round = 0; round < rounds; round++) {                                \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < sums; i++) step;    \
        }                                                                              \
        for (int i = 1; i < sums; i++) sum[0] += sum[i];                               \
        for (int i = 1; i < lanes; i++) sum[0][0] += sum[0][i];                        \
        sink = sum[0][0];                                                              \
        return 2.0 * lanes * sums * (double)rounds;                                    \
    }

#if defined(__aarch64__)
PEAK(base_peak, 4, , sum[i] = sum[i] * a + b)
#else
// Without fused products: half of the sums are multiplied and half are added to, which SSE2 does side by side.
PEAK(base_peak, 4, , sum[i] = i % 2 ? sum[i] * a : sum[i] + b)
#endif

#if defined(__x86_64__)
PEAK(avx2_peak, 8, __attribute__((target("avx2,fma"))), sum[i] = sum[i] * a + b)
PEAK(avx512_peak, 16, __attribute__((target("avx512f"))), sum[i] = sum[i] * a + b)

__attribute__((target("avx512f,avx512vnni"))) static double vnni_peak(long rounds) {
    __m512i sum[sums], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-2);
    for (int i = 0; i < sums; i++) sum[i] = _mm512_set1_epi32(i);
    for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < sums; i++) sum[i] = _mm512_dpbusd_epi32(sum[i], a, b);
    }
    for (int i = 1; i < sums; i++) sum[0] = _mm512_add_epi32(sum[0], sum[i]);
    sink = (float)_mm512_reduce_add_epi32(sum[0]);
    return 2.0 * 64 * sums * (double)rounds;
}
#endif

// Before VNNI: products of pairs of i16, summed in i32.
#define PAIRS(name, bytes, attribute, vector, set16, set32, add, multiply)            \
    attribute static double name(long rounds) {                                       \
        vector sum[sums / 2], a = set16(3);                                           \
        for (int i = 0; i < sums / 2; i++) sum[i] = set32(i);                         \
        for (long round = 0; round < rounds; round++) {                               \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < sums / 2; i++) {   \
                __asm__("" : "+x"(a));                                                \
                sum[i] = add(sum[i], multiply(a, a));                                 \
            }                                                                         \
        }                                                                             \
        for (int i = 1; i < sums / 2; i++) sum[0] = add(sum[0], sum[i]);              \
        sink = (float)((char *)&sum[0])[0];                                           \
        return 2.0 * bytes / 2 * (sums / 2) * (double)rounds;                         \
    }

#if defined(__x86_64__)
PAIRS(base_pairs, 16, , __m128i, _mm_set1_epi16, _mm_set1_epi32, _mm_add_epi32, _mm_madd_epi16)
PAIRS(avx2_pairs, 32, __attribute__((target("avx2"))), __m256i, _mm256_set1_epi16, _mm256_set1_epi32,
      _mm256_add_epi32, _mm256_madd_epi16)
#endif

double cpeak_f32(int level, long rounds) {
    switch (level) {
#if defined(__x86_64__)
    case 0: return base_peak(rounds) / 2;
    case 1: return avx2_peak(rounds);
    case 2: return avx512_peak(rounds);
#else
    case 0: return base_peak(rounds);
#endif
    default: return 0;
    }
}

double cpeak_u8s8(int level, long rounds) {
#if defined(__x86_64__)
    switch (level) {
    case 0: return base_pairs(rounds);
    case 1: return avx2_pairs(rounds);
    case 2: return vnni_peak(rounds);
    }
#endif
    (void)level;
    (void)rounds;
    return 0;
}
