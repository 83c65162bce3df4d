"""The text of a reply: words and numerals made comparable, and its lines, ours told from the member's (ballot.md 5 and 6)."""
