"""Python's search for circles is rarer during a command, and as before afterwards."""

from __future__ import annotations

import gc

import pytest

from cli.collection import rare_collection


def test_it_is_rarer_inside_and_as_before_outside() -> None:
    before = gc.get_threshold()
    with rare_collection():
        assert gc.isenabled()
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_an_error_ends_it_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), rare_collection():
        raise KeyError
    assert gc.get_threshold() == before
