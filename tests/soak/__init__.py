"""The main job over and over while things go wrong: `make soak`."""
