"""What a bulletin is, and what it is put together from."""
