"""A signed connection to one domain that retries reads."""
