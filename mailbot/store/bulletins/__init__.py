"""Bulletins: written, sent, and what became of their copies."""
