"""Files that take snapshots on a schedule: for Curator, and for a Prefect deployment of seed rounds."""
