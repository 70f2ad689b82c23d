"""What Prefect needs to run the flows: its server, steps as tasks, artifacts, gates."""
