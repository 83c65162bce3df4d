"""What an event and a meeting are, who comes, and how RSVPs are understood."""
