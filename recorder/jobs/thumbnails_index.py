"""``thumbnails.json``: where the small pictures of a recording are. Read without what makes them."""

from msgspec import Struct

INDEX = "thumbnails.json"


class Thumbnails(Struct, frozen=True):
    """Picture *i* is of ``at_ms[i]`` (recording time) and in sheet ``i // (columns * rows)``, row by row."""

    width: int
    height: int
    columns: int
    rows: int
    at_ms: tuple[int, ...]
    sheets: tuple[str, ...]
