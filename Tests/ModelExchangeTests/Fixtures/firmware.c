/* What a Cortex-M4 starts with: the end of its stack, and newlib's start-up code with semihosting. */
extern void _start(void);

__attribute__((section(".vectors"), used)) void (*const vectors[])(void) = {
    (void (*)(void))0x20400000,
    _start,
};
