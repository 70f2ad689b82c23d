"""What becomes of renamed indices once they are verified: aliases of their old names, or a merge."""
