"""Which fault tests the short form leaves out: CI's machine need not allow one process to trace another."""

from __future__ import annotations

from tests.faults.node import SHORT

collect_ignore = ["test_power_cut.py"] if SHORT else []
