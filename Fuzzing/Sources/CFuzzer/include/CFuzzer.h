#ifndef RETORT_CFUZZER_H
#define RETORT_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry for programs with a main of their own. Source: LLVM, compiler-rt/include/fuzzer/FuzzerInterface.h */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
