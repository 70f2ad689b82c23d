"""Copy what a domain is configured with: compare, decide, write, compare again."""
