"""What two domains are compared by: counts, sequence numbers, digests, documents."""
