"""Draws stacked columns, a column for each day, as the numbers that an inline SVG is made of."""

from dataclasses import dataclass, field
from datetime import date

WIDTH, HEIGHT = 440, 190
LEFT, RIGHT, TOP, BOTTOM = 40, 428, 10, 166  # where the columns stand
COLUMN_SHARE = 0.72  # the rest of a day's room is the gap
LABEL_EVERY = 3  # days


@dataclass(frozen=True, kw_only=True)
class Bar:
    series: int
    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A word at a place on an axis."""

    at: float
    says: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    name: str
    title: str
    description: str
    legend: list[str]
    bars: list[Bar]
    days: list[Mark]
    levels: list[Mark]
    rows: list[tuple[date, list[int]]]  # the same as a table
    width: int = field(default=WIDTH, init=False)
    height: int = field(default=HEIGHT, init=False)
    left: int = field(default=LEFT, init=False)
    right: int = field(default=RIGHT, init=False)
    foot: int = field(default=HEIGHT - 6, init=False)


def stacked_columns(*, name: str, title: str, days: list[date], series: dict[str, list[int]]) -> Chart:
    """`series`: for each name, from the foot of the stack up, one count for each of the days."""
    rows = [(day, [counts[index] for counts in series.values()]) for index, day in enumerate(days)]
    top = _round_top(max((sum(counts) for _, counts in rows), default=0))
    totals = [f"{sum(counts)} {label}" for label, counts in series.items()]
    return Chart(
        name=name,
        title=title,
        description=f"The last {len(days)} days: {', '.join(totals)}.",
        legend=list(series),
        bars=_bars(rows, list(series), top=top),
        days=[_day_mark(index, days) for index in range(len(days) - 1, -1, -LABEL_EVERY)],
        levels=[Mark(at=_height(level, top=top), says=f"{level:,}") for level in sorted({0, top // 2, top})],
        rows=rows,
    )


def _bars(rows: list[tuple[date, list[int]]], names: list[str], *, top: int) -> list[Bar]:
    found = []
    room = (RIGHT - LEFT) / max(len(rows), 1)
    for index, (day, counts) in enumerate(rows):
        below = 0
        for series, (name, counted) in enumerate(zip(names, counts, strict=True)):
            if counted:
                y = _height(below + counted, top=top)
                bar = Bar(
                    series=series,
                    x=round(LEFT + room * (index + (1 - COLUMN_SHARE) / 2), 2),
                    y=y,
                    width=round(room * COLUMN_SHARE, 2),
                    height=round(_height(below, top=top) - y, 2),
                    says=f"{day:%d %b}: {counted:,} {name}",
                )
                found.append(bar)
            below += counted
    return found


def _day_mark(index: int, days: list[date]) -> Mark:
    room = (RIGHT - LEFT) / len(days)
    return Mark(at=round(LEFT + room * (index + 0.5), 2), says=f"{days[index]:%d %b}")


def _height(count: int, *, top: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * count / top, 2)


def _round_top(largest: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 and so on: halves of it are whole."""
    step = 1
    while True:
        for factor in (2, 4, 10):
            if step * factor >= largest:
                return step * factor
        step *= 10
