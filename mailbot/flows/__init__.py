"""What does: one story per file (load, decide, save), each inside one transaction of the store."""
