"""Settings: the same names as flag, ``CLASSROOM_*`` variable and TOML key. Read once, at assembly."""

from pathlib import Path

from msgspec import Struct


class Settings(Struct, frozen=True):
    """``media_ip``: announced to browsers (default: ``host`` if concrete, else the machine's own).

    Worker *i* listens on ``media_port`` + *i*. Empty URLs mean the embedded default.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    media_ip: str = ""
    media_port: int = 40000
    media_workers: int = 1
    data: Path = Path("data")
    database_url: str = ""
    redis_url: str = ""
    storage_url: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    demo: bool = False
    demo_password: str = ""
    school: str = "Trường học"

    @property
    def recordings(self) -> Path:
        return self.data / "recordings"
