"""What runs a chain as a Prefect flow: its steps as tasks, artifacts, gates, and the server that is named."""
