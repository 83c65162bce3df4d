"""What a list is, what becomes of a post to it, and what its members may write."""
