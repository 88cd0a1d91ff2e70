"""What is learned offline, with torch."""
