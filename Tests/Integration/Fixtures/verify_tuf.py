#!/usr/bin/env python3
"""Verifies a directory of release metadata with python-tuf, as a foreign client would.

usage: verify_tuf.py DIRECTORY [TARGET FILE]...

The directory holds root.json or 1.root.json, 2.root.json, ...; timestamp.json, snapshot.json and targets.json.
Pairs of a target's path and a local file are checked against length and digest too.
Exits 0 where everything verifies; needs the package `tuf`.
"""

import pathlib
import sys

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet


def trusted_set(root: bytes) -> TrustedMetadataSet:
    try:
        from tuf.ngclient.config import EnvelopeType

        return TrustedMetadataSet(root, EnvelopeType.METADATA)
    except ImportError:
        return TrustedMetadataSet(root)


def verify(directory: pathlib.Path, pairs: list[str]) -> None:
    roots = sorted(directory.glob("*.root.json"), key=lambda path: int(path.name.split(".")[0]))
    roots = roots or [directory / "root.json"]
    trusted = trusted_set(roots[0].read_bytes())
    for later in roots[1:]:
        trusted.update_root(later.read_bytes())
    trusted.update_timestamp((directory / "timestamp.json").read_bytes())
    trusted.update_snapshot((directory / "snapshot.json").read_bytes())
    targets = trusted.update_targets((directory / "targets.json").read_bytes())
    for path, file in zip(pairs[::2], pairs[1::2]):
        targets.targets[path].verify_length_and_hashes(pathlib.Path(file).read_bytes())
    print(
        f"root {trusted.root.version}, timestamp {trusted.timestamp.version}, snapshot {trusted.snapshot.version}, "
        f"targets {targets.version} with {len(targets.targets)} files: verified"
    )


if __name__ == "__main__":
    if len(sys.argv) < 2 or len(sys.argv) % 2:
        sys.exit(__doc__)
    try:
        verify(pathlib.Path(sys.argv[1]), sys.argv[2:])
    except (RepositoryError, DownloadError, KeyError, OSError) as error:
        sys.exit(f"not verified: {type(error).__name__}: {error}")
