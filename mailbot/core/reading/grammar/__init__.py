"""One answer, understood whole or not at all (ballot.md section 7)."""
