"""What is due and when, and when the service last worked."""
