"""One domain: a signed, retrying connection, and typed calls on it. The AWS account around it."""
