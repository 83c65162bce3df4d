"""What `mailbot doctor` looks at."""
