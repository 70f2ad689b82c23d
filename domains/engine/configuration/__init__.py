"""Typed calls on what a domain is configured with: templates, pipelines, policies, access control."""
