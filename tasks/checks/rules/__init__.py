"""Rules of the service as pure functions: IAM, lifecycle rules, watermarks, plugin versions."""
