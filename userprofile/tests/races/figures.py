"""What the races of one database came to: printed at the end of a run, and kept by docs/reliability.md."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Figures:
    database: str
    rounds: int = 0
    requests: int = 0
    seconds: float = 0.0
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, race: str, outcome: str, number: int = 1) -> None:
        """Both ways of a race should be seen: one that always ends the same way tests only that one."""
        self.outcomes.setdefault(race, Counter())[outcome] += number

    def lines(self) -> list[str]:
        found = f"{self.database}: {self.rounds} rounds, {self.requests} requests, {self.seconds:.0f} s"
        return [found, *(f"  {race}: {_text(outcomes)}" for race, outcomes in self.outcomes.items())]


def _text(outcomes: Counter[str]) -> str:
    return ", ".join(f"{number} × {outcome}" for outcome, number in sorted(outcomes.items()))
