"""Records of what happened as tables, JSON, Markdown and pages. Pure functions, but for writing files."""
