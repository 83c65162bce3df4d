"""Hypothesis, for tests whose examples are drawn: loaded by `make thorough` alone, which runs them (see thorough.py).

To load it and to draw takes an ordinary run a tenth of its time. It collects such a test by name and leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tests.thorough import WHOLE

if TYPE_CHECKING or WHOLE:
    from hypothesis import HealthCheck, assume, example, given, settings
    from hypothesis import strategies as st

    # An example takes as long as a busy machine takes for it; by itself hypothesis calls that a fault.
    settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("ours")
else:

    class _Unknown:
        """Stands where strategies and settings are written down that nobody asks for anything."""

        def __getattr__(self, name: str) -> _Unknown:
            return self

        def __call__(self, *_: object, **__: object) -> Any:
            return self

        def __iter__(self) -> Iterator[object]:
            return iter(())

        def __or__(self, _: object) -> _Unknown:
            return self

    def _as_it_is(*_: object, **__: object) -> Callable[[Any], Any]:
        return lambda test: test

    def given(*_: object, **__: object) -> Callable[[Any], Any]:
        """Return a test that is handed nothing, for it is left out."""

        def by_name(test: Any) -> Any:
            def left_out() -> None:
                raise AssertionError("a test that draws its examples is run by `make thorough`")

            left_out.__name__, left_out.__doc__ = test.__name__, test.__doc__
            left_out.is_hypothesis_test = True
            return left_out

        return by_name

    st = HealthCheck = _Unknown()
    assume = example = settings = _as_it_is

__all__ = ["HealthCheck", "assume", "example", "given", "settings", "st"]
