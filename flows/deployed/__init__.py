"""The Prefect flows, one a verb: what a named server shows, and what deployments run on workers."""
