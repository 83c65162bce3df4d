"""What a survey and a resolution are, what counts as a vote, and what is published of them."""
