"""What leaves: the outbox, its copies in their short forms and one by one, how far they are, and how many one may get."""
