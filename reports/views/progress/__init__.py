"""How a run stands now, for people on a terminal, for programs, and for Prometheus."""
