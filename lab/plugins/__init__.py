"""Plugins of the service that are published nowhere, emulated in the front door: Index State Management,
Snapshot Management, alerting, and notifications."""
