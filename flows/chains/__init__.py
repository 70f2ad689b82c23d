"""The order of the steps of each verb that runs them. No module here imports Prefect."""
