"""Which fault tests the short form leaves out: those that trace another process, or take long to set up."""

from __future__ import annotations

from tests.faults.node import SHORT

collect_ignore = ["test_fail_over.py", "test_failing_calls.py", "test_power_cut.py"] if SHORT else []
