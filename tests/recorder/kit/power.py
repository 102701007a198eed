"""A disk whose power may go: what was done to files is kept on a tape, and what could be left of it is made."""

import random
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from recorder.files import Files

SECTOR = 512


class Op(Struct):
    what: str
    """create | write | truncate | sync | rename | remove | directory"""
    at: float
    inode: int = 0
    path: str = ""
    target: str = ""
    offset: int = 0
    data: bytes = b""


class TapeFiles(Files):
    """Does everything for real, below ``root``, and keeps it on ``tape``. ``now``: put on every entry."""

    def __init__(self, root: Path, now: Callable[[], float]) -> None:
        self.root = root
        self.tape: list[Op] = []
        self.before: dict[str, bytes] = {
            str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
        }
        self._now = now
        self.names = {name: number for number, name in enumerate(self.before, 1)}
        self.first = dict(self.names)
        self._next = len(self.names) + 1
        self._open: dict[int, int] = {}

    def _put(self, what: str, **facts: object) -> None:
        self.tape.append(Op(what, self._now(), **facts))  # type: ignore[arg-type]

    def open(self, path: Path) -> int:
        name = str(path.relative_to(self.root))
        if name not in self.names:
            self.names[name] = self._next
            self._next += 1
            self._put("create", inode=self.names[name], path=name)
        descriptor = super().open(path)
        self._open[descriptor] = self.names[name]
        return descriptor

    def write(self, descriptor: int, offset: int, data: bytes) -> None:
        self._put("write", inode=self._open[descriptor], offset=offset, data=bytes(data))
        super().write(descriptor, offset, data)

    def truncate(self, descriptor: int, size: int) -> None:
        self._put("truncate", inode=self._open[descriptor], offset=size)
        super().truncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        self._put("sync", inode=self._open[descriptor])

    def rename(self, path: Path, target: Path) -> None:
        one, other = str(path.relative_to(self.root)), str(target.relative_to(self.root))
        self.names[other] = self.names.pop(one)
        self._put("rename", path=one, target=other)
        super().rename(path, target)

    def remove(self, path: Path) -> None:
        name = str(path.relative_to(self.root))
        if self.names.pop(name, None) is not None:
            self._put("remove", path=name)
        super().remove(path)

    def sync_directory(self, directory: Path) -> None:
        if directory.is_relative_to(self.root):
            self._put("directory")


class Left(Struct):
    """What a power loss left: of each inode its bytes, and the names."""

    names: dict[str, int]
    contents: dict[int, bytearray] = field(default_factory=dict)

    def write(self, root: Path) -> None:
        for name, inode in self.names.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.contents.get(inode, b""))


def crash(files: TapeFiles, count: int, chance: random.Random) -> Left:
    """After the first ``count`` entries of the tape. What was not synced is there, is not, or is in part;
    names appear and vanish in the order in which they were given and taken."""
    done = files.tape[:count]
    last_sync = {op.inode: index for index, op in enumerate(done) if op.what == "sync"}
    last_directory = max((i for i, op in enumerate(done) if op.what == "directory"), default=-1)
    pending = [
        i for i, op in enumerate(done) if op.what in ("create", "rename", "remove") and i > last_directory
    ]
    seen = set(pending[: chance.randint(0, len(pending))])
    left = Left(dict(files.first))
    for name, inode in files.first.items():
        left.contents[inode] = bytearray(files.before[name])
    mood = chance.choice((0.1, 0.5, 0.9))
    for index, op in enumerate(done):
        safe = index <= last_sync.get(op.inode, -1)
        if op.what in ("create", "rename", "remove"):
            if index <= last_directory or index in seen:
                _name(left.names, op)
        elif op.what == "truncate":
            content = left.contents.setdefault(op.inode, bytearray())
            if safe or chance.random() < mood:
                del content[op.offset :]
        elif op.what == "write":
            content = left.contents.setdefault(op.inode, bytearray())
            for offset, data in [(op.offset, op.data)] if safe else _torn(op, chance, mood):
                _lay(content, offset, data)
    written = {op.inode: index for index, op in enumerate(done) if op.what == "write"}
    for inode, content in left.contents.items():
        if written.get(inode, -1) > last_sync.get(inode, -1) and chance.random() < 0.1:
            content.extend(bytes(chance.randrange(2 * SECTOR)))
    return left


def _name(names: dict[str, int], op: Op) -> None:
    if op.what == "create":
        names[op.path] = op.inode
    elif op.what == "remove":
        names.pop(op.path, None)
    elif op.path in names:
        names[op.target] = names.pop(op.path)


def _torn(op: Op, chance: random.Random, mood: float) -> list[tuple[int, bytes]]:
    fate = chance.random()
    if fate < mood / 2:
        return [(op.offset, op.data)]
    if fate < 0.5:
        return []
    pieces = []
    start = op.offset
    while start < op.offset + len(op.data):
        stop = min(start - start % SECTOR + SECTOR, op.offset + len(op.data))
        if chance.random() < mood:
            pieces.append((start, op.data[start - op.offset : stop - op.offset]))
        start = stop
    return pieces


def _lay(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
