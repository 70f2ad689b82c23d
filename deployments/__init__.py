"""Files for running Snapferry elsewhere. The wheel holds them: `snapferry version --json` shows where."""
