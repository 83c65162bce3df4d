"""Seminars and meetings: announced, answered, changed, held."""
