"""What the console and the Markdown files show."""
