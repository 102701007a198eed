"""Are the documents in step with the project? `python -m tests.documents` prints what is not."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)


def documents(root: Path = ROOT) -> list[Path]:
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def anchor(heading: str) -> str:
    """The fragment a heading gets on the common forges."""
    text = re.sub(r"[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def broken_links(document: Path) -> list[str]:
    """Relative links whose file or heading is not there."""
    text = _FENCE.sub("", document.read_text("utf-8"))
    broken = []
    for target in _LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists():
            broken.append(f"{document.relative_to(ROOT)}: {target}: no such file")
        elif fragment and file.suffix == ".md":
            anchors = {anchor(heading) for heading in _HEADING.findall(file.read_text("utf-8"))}
            if fragment not in anchors:
                broken.append(f"{document.relative_to(ROOT)}: {target}: no such heading")
    return broken


def unknown_commands(document: Path) -> list[str]:
    """`./run NAME` and `classroom NAME` in the text that the project does not have."""
    text = document.read_text("utf-8")
    script = (ROOT / "run").read_text("utf-8")
    known = set(re.findall(r"^([a-z]+)(?: \|[^)]*)?\)", script, re.MULTILINE))
    return [
        f"{document.relative_to(ROOT)}: ./run {name}: no such command"
        for name in re.findall(r"\./run ([a-z]+)", text)
        if name not in known
    ]


def out_of_step() -> list[str]:
    """Documents that follow from the code and do not say what it says."""
    from signaling.settings import TABLE
    from signaling.wire.docs import document

    found = []
    if (ROOT / "docs/protocol.md").read_text("utf-8") != document():
        found.append("docs/protocol.md: not what the messages say; run python -m signaling.wire.docs")
    operations = (ROOT / "docs/operations.md").read_text("utf-8")
    found += [
        f"docs/operations.md: the setting {name} is not explained"
        for name in TABLE
        if f"`{name.replace('_', '-')}`" not in operations
    ]
    return found


def problems() -> list[str]:
    return [
        *(problem for page in documents() for problem in (*broken_links(page), *unknown_commands(page))),
        *out_of_step(),
    ]


def main() -> int:
    found = problems()
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
