"""Codes what the tensors of a student moved with NNCodec, losslessly: `delta.py BASE TARGET...` prints a size a target.

NNCodec (ISO/IEC 15938-17) codes integers with DeepCABAC. It carries tensors alone: what the file's metadata changed, and the
digests that ours carries, would come on top.
"""

import json
import sys
import tempfile

import numpy as np
from nncodec.nn import decode, encode
from safetensors.numpy import load_file


def differences(base, target):
    """Int32 differences of bits, which wrap around; whole tensors that have no counterpart."""
    moves = {}
    for name, new in target.items():
        old = base.get(name)
        new = new.view(np.int32) if new.dtype.itemsize == 4 else new.astype(np.int32)
        if old is not None and old.shape == new.shape:
            old = old.view(np.int32) if old.dtype.itemsize == 4 else old.astype(np.int32)
            new = new - old
        if np.any(new):
            # NNCodec calls vectors biases and codes them apart; a student's are as integer as its weights.
            moves[name] = new.reshape(new.shape[0], -1)
    return moves


base = load_file(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    for path in sys.argv[2:]:
        moves = differences(base, load_file(path))
        stream = encode(moves, args={"verbose": False, "results": folder})
        for name, found in decode(stream).items():
            assert np.array_equal(found, moves[name]), f"{path}: {name} is lost"
        print(json.dumps({"file": path, "bytes": len(stream)}))
