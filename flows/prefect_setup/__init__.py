"""Set up a Prefect server for Snapferry: a work pool, deployments of every flow, automations."""
