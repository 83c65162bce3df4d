"""What the office commands, what is planned, and what it is told."""
