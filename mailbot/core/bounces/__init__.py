"""What comes back of what we sent: reports for machines, notices for people, complaints, and why a delivery failed."""
