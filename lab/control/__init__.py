"""Control a running lab: kill and start engines, turn switches."""
