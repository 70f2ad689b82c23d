"""Prefect flows: the order of the steps, their retries and waits. The only room that imports Prefect."""
