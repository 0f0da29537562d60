"""Arrows point one way: import-linter's contracts in pyproject.toml, as a test."""

import subprocess
import sys
import tomllib
from pathlib import Path

from django.conf import settings

PROJECT = Path(settings.BASE_DIR)
LAYERS = ["admin", "views", "serializers", "journeys", "mechanisms", "models"]


def contracts() -> list[dict[str, object]]:
    found = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    listed: list[dict[str, object]] = found["tool"]["importlinter"]["contracts"]
    return listed


def test_import_contracts_are_kept() -> None:
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", lint, "--no-cache"]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"Contracts: {len(contracts())} kept, 0 broken" in ran.stdout


def test_contracts_cover_the_rooms_of_the_house() -> None:
    (layered,) = [contract for contract in contracts() if contract["type"] == "layers"]
    rooms = [room.strip() for layer in layered["layers"] for room in layer.split("|")]  # type: ignore[attr-defined]
    assert [room for room in rooms if room in LAYERS] == LAYERS


def test_application_never_imports_userprofile() -> None:
    """Tests aside; said once more in plain text, should a contract be loosened."""
    modules = [path for path in (PROJECT / "application").rglob("*.py") if "tests" not in path.parts]
    assert modules
    for module in modules:
        assert "userprofile" not in module.read_text(encoding="utf-8").replace("USERPROFILE", ""), module
