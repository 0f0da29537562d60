"""Would the tests notice a fault in the rules? `make mutation` puts hundreds there and says which stayed.

mutmut changes one expression at a time in the modules that pyproject.toml names under [tool.mutmut],
and runs the tests that reach it. What has been tried is remembered in mutants/ until it changes;
MUTANTS, in the environment, chooses less, as in `make mutation MUTANTS='*.lockout.*'`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
RESULTS = PROJECT_FOLDER / "mutants"
WANTED = 0.9
ALIVE = {0: "survived", 5: "no tests", 33: "no tests", None: "not tried"}  # else a test failed or hung


def tried(patterns: list[str]) -> dict[str, dict[str, str]]:
    """{module: {mutant: how it ended}}"""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(RESULTS.rglob("*.py.meta")):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        outcomes = {
            name: ALIVE.get(code, "killed")
            for name, code in codes.items()
            if not patterns or any(fnmatch(name, pattern) for pattern in patterns)
        }
        if outcomes:
            found[str(path.relative_to(RESULTS)).removesuffix(".meta")] = outcomes
    return found


def main() -> int:
    patterns = os.environ.get("MUTANTS", "").split()
    mutmut = shutil.which("mutmut", path=str(Path(sys.executable).parent))
    assert mutmut, "mutmut is in requirements-dev.txt"
    ended = subprocess.run([mutmut, "run", *patterns], cwd=PROJECT_FOLDER, check=False)
    if ended.returncode:
        return ended.returncode
    modules = tried(patterns)
    for outcomes in modules.values():
        for name, outcome in outcomes.items():
            if outcome != "killed":
                print(f"\n{outcome}:", flush=True)
                subprocess.run([mutmut, "show", name], cwd=PROJECT_FOLDER, check=True)
    print(f"\n{'module':45} {'mutants':>8} {'killed':>8} {'share':>7}")
    missed = False
    for module, outcomes in modules.items():
        killed = Counter(outcomes.values())["killed"]
        share = killed / len(outcomes)
        missed |= share < WANTED
        print(f"{module:45} {len(outcomes):8} {killed:8} {share:7.1%}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
