"""The calendar: what is planned, falls due, and is moved or stopped."""
