"""Helpers shared by tests: scripted servers, builders of plans and records. tests/README.md lists them."""
