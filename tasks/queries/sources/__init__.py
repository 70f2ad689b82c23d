"""Recorded searches as files hold them: our own form, slow logs, Query Insights."""
