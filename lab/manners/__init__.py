"""The service's manners: what it denies, takes by itself, or makes wait; each a gate or a switch."""
