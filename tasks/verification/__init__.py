"""Comparing source and target, level by level: counts, operations, content. Fails closed."""
