"""Checks an unpacked evidence pack: `python3 check_pack.py` in its directory. Standard library only.

Every file must be what the manifest says, and every event must hold in the chain:
    digest = SHA-256(salt + personal)      hash = SHA-256(hash before + header + digest)
Personal data that was erased by law is absent together with its salt; the chain holds all the same.
"""

import hashlib
import json
import sys
from pathlib import Path


def check(directory: Path) -> list[str]:
    """What does not hold, one line each."""
    manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    problems = []
    for file in manifest["files"]:
        path = directory / file["name"]
        if not path.is_file() or _sha256(path) != file["sha256"]:
            problems.append(f"{file['name']}: missing or changed")
    rows = [json.loads(line) for line in (directory / "proof.jsonl").read_text("utf-8").splitlines()]
    broken = _first_broken(rows)
    if broken is not None:
        problems.append(f"event {broken}: the chain does not hold")
    if len(rows) != manifest["events"] or (rows and rows[-1]["hash"] != manifest["last_hash"]):
        problems.append("proof.jsonl: ends elsewhere than the manifest says")
    return problems


def _first_broken(rows: list[dict[str, object]]) -> int | None:
    previous = bytes(32)
    for number, row in enumerate(rows, 1):
        digest = bytes.fromhex(str(row["digest"]))
        header = str(row["header"]).encode()
        if row["seq"] != number or hashlib.sha256(previous + header + digest).hexdigest() != row["hash"]:
            return number
        if row["personal"] is not None:
            personal = bytes.fromhex(str(row["salt"])) + str(row["personal"]).encode()
            if hashlib.sha256(personal).digest() != digest:
                return number
        previous = bytes.fromhex(str(row["hash"]))
    return None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
    return digest.hexdigest()


if __name__ == "__main__":
    found = check(Path(__file__).resolve().parent)
    print("\n".join(found) or "everything holds")
    sys.exit(1 if found else 0)
