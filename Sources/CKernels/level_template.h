// One level: its templates and their table. See kernels.c.
#if CK_TILE_SHAPE
// 32 vector registers.
enum { CK(rows_1) = 8, CK(rows_2) = 8, CK(rows_3) = 8 };
#define CK_EACH_TILE(F) CK_HEIGHTS_8(F, 1) CK_HEIGHTS_8(F, 2) CK_HEIGHTS_8(F, 3)
#define CK_TILE_TABLE(p) {{CK_NAMES_8(p, 1)}, {CK_NAMES_8(p, 2)}, {CK_NAMES_8(p, 3)}}
#else
// 16 vector registers.
enum { CK(rows_1) = 8, CK(rows_2) = 6, CK(rows_3) = 4 };
#define CK_EACH_TILE(F) CK_HEIGHTS_8(F, 1) CK_HEIGHTS_6(F, 2) CK_HEIGHTS_4(F, 3)
#define CK_TILE_TABLE(p) {{CK_NAMES_8(p, 1)}, {CK_NAMES_6(p, 2)}, {CK_NAMES_4(p, 3)}}
#endif
/// Rows of a tile by its width.
static const size_t CK(tile_rows)[3] = {CK(rows_1), CK(rows_2), CK(rows_3)};

#include "float_template.h"
#include "dense_template.h"
#include "int8_template.h"

static const ck_kernels CK(table) = {
    .level = CK_LEVEL,
    .panel = CK_LANES,
    .outer_scratch = CK(outer_scratch),
    .pack = CK(pack),
    .multiply = CK(multiply),
    .outer = CK(outer),
    .moments = CK(moments),
    .scale_shift = CK(scale_shift),
    .norm_sums = CK(norm_sums),
    .norm_back = CK(norm_back),
    .column_sums = CK(column_sums),
    .max_pool = CK(max_pool),
    .max_pool_back = CK(max_pool_back),
    .adamw = CK(adamw),
    .dense = CK(dense),
    .depthwise = CK(depthwise),
    .pool = CK(pool),
    .normalise = CK(normalise),
    .u8s8 = CK(u8s8),
    .u8s8_depthwise = CK(u8s8_depthwise),
    .u8_max_pool = CK(u8_max_pool),
    .u8_average_pool = CK(u8_average_pool),
    .quantise = CK(quantise),
};

#undef CK
#undef CK_LEVEL
#undef CK_LANES
#undef CK_TILE
#undef CK_TILE_SHAPE
#undef CK_EACH_TILE
#undef CK_TILE_TABLE
#undef CK_INT8_DOT
#undef CK_INT8_ROWS
#undef CK_INT8_VECTOR
