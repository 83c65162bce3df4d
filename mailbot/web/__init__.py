"""What members and operators see in a browser; calls flows and store, decides nothing."""
