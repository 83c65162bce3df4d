"""What decides: pure functions and frozen values; no I/O, no clock, no randomness, no logging, no await."""
