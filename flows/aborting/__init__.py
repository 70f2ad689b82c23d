"""What `snapferry abort` does: roll a cutover back, or take away what a run has left. Needs no Prefect."""
