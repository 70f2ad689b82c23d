"""What a shell offers at the tab key: verbs and options from Typer, and from here what an argument names."""
