#!/usr/bin/env python3
"""Verifies a directory of release metadata with python-tuf's metadata API, as a foreign client would.

usage: verify_tuf.py DIRECTORY [TARGET FILE]...

The directory holds root.json or 1.root.json, 2.root.json, ...; timestamp.json, snapshot.json and targets.json.
Pairs of a target's path and a local file are checked against length and digest too.
Exits 0 where everything verifies; needs the packages `tuf` and `securesystemslib[crypto]`.
"""

import pathlib
import sys

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp


def load(kind, directory: pathlib.Path, name: str):
    data = (directory / name).read_bytes()
    document = Metadata[kind].from_bytes(data)
    if document.signed.type != kind.type:
        raise RepositoryError(f"{name} is {document.signed.type}")
    return data, document


def expect(holds: bool, message: str) -> None:
    if not holds:
        raise RepositoryError(message)


def verified_root(directory: pathlib.Path) -> Root:
    names = sorted((path.name for path in directory.glob("*.root.json")), key=lambda name: int(name.split(".")[0]))
    root = None
    for name in names or ["root.json"]:
        _, document = load(Root, directory, name)
        if root is not None:
            expect(document.signed.version == root.version + 1, f"{name} does not follow version {root.version}")
            root.verify_delegate("root", document.signed_bytes, document.signatures)
        document.signed.verify_delegate("root", document.signed_bytes, document.signatures)
        root = document.signed
    return root


def verify(directory: pathlib.Path, pairs: list[str]) -> None:
    root = verified_root(directory)
    documents = [root]
    pin = None
    for kind, pinned in ((Timestamp, "snapshot_meta"), (Snapshot, "meta"), (Targets, None)):
        data, document = load(kind, directory, f"{kind.type}.json")
        root.verify_delegate(kind.type, document.signed_bytes, document.signatures)
        signed = document.signed
        if pin is not None:
            pin.verify_length_and_hashes(data)
            expect(signed.version == pin.version, f"{kind.type} has version {signed.version}, pinned is {pin.version}")
        pin = getattr(signed, pinned) if pinned else None
        pin = pin["targets.json"] if isinstance(pin, dict) else pin
        documents.append(signed)
    for signed in documents:
        expect(not signed.is_expired(), f"{signed.type} expired at {signed.expires}")
    targets = documents[-1].targets
    for path, file in zip(pairs[::2], pairs[1::2]):
        targets[path].verify_length_and_hashes(pathlib.Path(file).read_bytes())
    print(", ".join(f"{signed.type} {signed.version}" for signed in documents) + f"; {len(targets)} targets: verified")


if __name__ == "__main__":
    if len(sys.argv) < 2 or len(sys.argv) % 2:
        sys.exit(__doc__)
    try:
        verify(pathlib.Path(sys.argv[1]), sys.argv[2:])
    except (RepositoryError, ValueError, KeyError, OSError) as error:
        sys.exit(f"not verified: {type(error).__name__}: {error}")
