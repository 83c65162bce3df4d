"""The office's words, acts that need a second person, and the journal of what was changed and decided."""
