#include "CKernels.h"
int kernels_present(void) { return 1; }
