"""Records of what happened as console tables, JSON and Markdown. Pure functions, but for writing files."""
