#ifndef CPEAK_H
#define CPEAK_H

/// Multiply-adds on registers alone, as many as the processor takes: what no kernel of that level can pass.
///
/// - level: 0 base instructions (SSE2 or NEON), 1 AVX2 and FMA, 2 AVX-512.
/// - Returns: operations done (a multiply-add is two), or 0 where this build lacks the level.
double cpeak_f32(int level, long rounds);
/// The same for products of u8 and s8 summed exactly in i32: pairs of i16, from level 2 on VNNI. 0 on NEON.
double cpeak_u8s8(int level, long rounds);

#endif
