"""The documents do not point into the void, and what README tells to type exists."""

from pathlib import Path

from tests.documents import ROOT, anchor, broken_links, documents, problems


def test_documents_are_in_step() -> None:
    assert problems() == []


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    pages = sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))
    assert [name for name in pages if f"({name})" not in index] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = ROOT / "docs" / "decisions" / "README.md"
    assert broken_links(page) == []
    assert anchor("Who closes `whom`") == "who-closes-whom"


def test_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert "./run serve --demo" in text
    assert "./run test" in text
    assert documents()[0].suffix == ".md"
