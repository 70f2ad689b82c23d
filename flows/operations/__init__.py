"""Single operations of the AWS guide, and other verbs that need no run. Imports no Prefect."""
