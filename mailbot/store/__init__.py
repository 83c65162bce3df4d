"""What remembers: every table and every query; takes a connection, returns core values."""
