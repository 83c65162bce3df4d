"""What was queued leaves: rows are claimed (`deliver_outbox.py`), made copies of, signed, and marked before they leave."""
