"""The engines: their files, their Java, their processes."""
