"""Records of what happened, turned into console tables, JSON and Markdown. Pure functions, but for writing files."""
