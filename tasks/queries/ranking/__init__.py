"""How alike two rankings are, where documents may tie. Pure."""
