"""Values that plans are made of: names, durations, endpoints, ARNs and Regions."""
