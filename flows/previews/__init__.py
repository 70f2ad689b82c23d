"""Read-only previews of what a verb would do."""
