"""Posts: what comes to a list, waits, is decided about, leaves and is kept."""
