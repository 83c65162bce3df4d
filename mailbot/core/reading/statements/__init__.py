"""Where in a reply an answer stands, and for which question: by name, in a slot, by a mark, alone (ballot.md 6 to 8)."""
