"""How long a migration will take."""
