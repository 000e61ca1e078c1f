"""What a command found, and what is said about it; how it is drawn is another matter."""
