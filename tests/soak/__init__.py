"""The main job again and again while things go wrong: `make soak`."""
