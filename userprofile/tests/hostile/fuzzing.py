"""How many examples are made up, and of what: the same ones each time."""

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FUZZ_EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "")

ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates, controls and NUL included
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def how_many(usually: int) -> int:
    return int(FUZZ_EXAMPLES or usually)


def examples(usually: int) -> settings:
    """The fixtures may be shared by the examples: none of them leaves a trace that the next one minds."""
    return settings(
        max_examples=how_many(usually),
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
