"""A run as a trace, for a collector of OpenTelemetry, where one is configured."""
