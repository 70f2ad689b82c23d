"""What a run remembers: its identity, journal, lock and state folder, and the progress it reports."""
