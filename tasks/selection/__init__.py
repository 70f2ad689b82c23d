"""Which indices move, and under which names. Pure."""
