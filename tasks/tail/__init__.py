"""The tail: what changed on the source since a copy was taken, by sequence number, in both directions."""
