"""The supervisor with roles that do nothing: ``python serve_fake.py <data> [role=behaviour …]``."""

import sys
from pathlib import Path

from signaling import supervisor
from signaling.settings import parse

FAKE = str(Path(__file__).with_name("fake_role.py"))


def main(data: str, port: str, *behaviours: str) -> int:
    chosen = dict(behaviour.split("=") for behaviour in behaviours)

    def command(name: str) -> tuple[str, ...]:
        return sys.executable, FAKE, name, chosen.get(name, "good")

    settings = parse({"data": data, "port": int(port), "media_workers": 2}, {}, {})
    return supervisor.serve(settings, command)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
