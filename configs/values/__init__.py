"""Values in plans: names, durations, endpoints, ARNs and Regions."""
