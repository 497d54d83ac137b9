"""Times PyTorch's and NumPy's matrix products on one thread: the peers of `kernels-benchmark`.

Prints one line of JSON a case: operations a nanosecond, the best of many short runs.
"""

import json
import os
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np  # noqa: E402: after the number of threads
import torch  # noqa: E402

SHAPES = [(64, 128, 576), (256, 256, 256), (3200, 64, 320), (800, 128, 640)]


def best(work, operations):
    repeats = max(1, int(2e7 / operations))
    rate = 0.0
    for _ in range(40):
        began = time.perf_counter_ns()
        for _ in range(repeats):
            work()
        rate = max(rate, operations * repeats / (time.perf_counter_ns() - began))
    return rate


def report(case, peer, rate):
    print(json.dumps({"case": case, "peer": peer, "rate": rate}))


def main():
    torch.set_num_threads(1)
    generator = np.random.default_rng(1)
    for rows, columns, depth in SHAPES:
        operations = 2 * rows * columns * depth
        a, b = (generator.random(shape, dtype=np.float32) for shape in [(rows, depth), (depth, columns)])
        c = np.empty((rows, columns), dtype=np.float32)
        name = f"f32 product {rows}x{columns}x{depth}"
        report(name, "NumPy (OpenBLAS)", best(lambda: np.matmul(a, b, out=c), operations))
        ta, tb, tc = (torch.from_numpy(x) for x in (a, b, c))
        report(name, "PyTorch", best(lambda: torch.mm(ta, tb, out=tc), operations))
        gradient = torch.rand(rows, columns)
        out = torch.empty(columns, depth)
        report(
            f"f32 outer {rows}x{columns}x{depth}", "PyTorch",
            best(lambda: torch.mm(gradient.t(), ta, out=out), operations))
        ia = torch.randint(-128, 127, (rows, depth), dtype=torch.int8)
        ib = torch.randint(-128, 127, (depth, columns), dtype=torch.int8)
        report(
            f"u8s8 product {rows}x{columns}x{depth}", "PyTorch s8·s8", best(lambda: torch._int_mm(ia, ib), operations))


main()
