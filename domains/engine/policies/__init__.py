"""Policies of the service's plugins: Snapshot Management, and Index State Management."""
