"""docs/security.md names tests and files: each of them is there."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENT = (PROJECT / "docs" / "security.md").read_text()


def test_every_test_that_the_document_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT))
    files = [*PROJECT.glob("userprofile/tests/**/*.py"), *PROJECT.glob("application/tests/*.py")]
    known = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    assert len(named) > 100
    assert sorted(named - known) == []


def test_every_path_that_the_document_names_is_there() -> None:
    paths = set(re.findall(r"(?:userprofile|application|config|docs)/[\w/]*(?:\.py|/)", DOCUMENT))
    assert [path for path in sorted(paths) if not (PROJECT / path).exists()] == []


def test_all_fifteen_holes_have_their_test() -> None:
    tests = re.findall(r"test_(\d\d)_", DOCUMENT.split("## Secrets")[0])
    assert sorted(set(tests)) == [f"{number:02}" for number in range(1, 16)]
