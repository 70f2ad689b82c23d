"""What a fleet's run remembers: its journal, its lock, and the approvals of its waves."""
