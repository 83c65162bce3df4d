"""The office: what it is told, and what it decides by reply."""
