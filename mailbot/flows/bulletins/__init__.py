"""Bulletins: drafted, looked at, approved, sent."""
