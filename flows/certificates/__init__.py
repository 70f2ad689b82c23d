"""Certificates: made of a run's journal, signed, checked, compared with both domains. Needs no Prefect."""
