"""A signed connection to one domain, with retries for reads."""
