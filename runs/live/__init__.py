"""What a run is doing right now, seen from outside: a small file beside its journal, and the time left."""
