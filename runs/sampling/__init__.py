"""How far each step had come, over time: sampled from its progress, and kept in the journal."""
