// One level: both templates and their table. See kernels.c.
#include "float_template.h"
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
    .u8s8 = CK(u8s8),
    .requantise = CK(requantise),
};

#undef CK
#undef CK_LEVEL
#undef CK_LANES
#undef CK_TILE
#undef CK_INT8_DOT
#undef CK_INT8_ROWS
#undef CK_INT8_VECTOR
