"""Sentences beside answers that take them back, put them right, or do not stand by them (ballot.md section 8)."""
