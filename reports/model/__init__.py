"""The report as a model: the JSON that `snapferry report --json` prints."""
