"""What leaves: the outbox, its copies in their short forms and one by one, and how far they are."""
