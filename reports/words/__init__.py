"""Words for records: outcomes, next steps, sizes and times."""
