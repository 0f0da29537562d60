"""What was injected and what came of it: printed at the end of `make faults`."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Entry:
    injected: int = 0
    survived: int = 0
    recoveries: list[float] = field(default_factory=list)

    def recovered(self, seconds: float) -> None:
        self.recoveries.append(max(seconds, 0.0))

    @property
    def p95(self) -> str:
        if not self.recoveries:
            return "-"
        if len(self.recoveries) == 1:
            return f"{self.recoveries[0]:.2f} s"
        return f"{statistics.quantiles(self.recoveries, n=20, method='inclusive')[-1]:.2f} s"


class Ledger:
    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    @contextmanager
    def injected(self, fault: str) -> Iterator[Entry]:
        """Survived is what comes to the end of the block, all its assertions held."""
        entry = self._entries.setdefault(fault, Entry())
        entry.injected += 1
        yield entry
        entry.survived += 1

    def lines(self) -> list[str]:
        width = max((len(fault) for fault in self._entries), default=0)
        head = f"{'fault':{width}}  injected  survived  recovery p95"
        rows = (
            f"{fault:{width}}  {entry.injected:8}  {entry.survived:8}  {entry.p95:>12}"
            for fault, entry in self._entries.items()
        )
        return [head, *rows] if self._entries else []


LEDGER = Ledger()
