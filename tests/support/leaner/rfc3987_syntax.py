"""Found before a library of a developer's tool that jsonschema, and so Prefect, takes seconds to import."""

raise ImportError("not here: it is no dependency of Snapferry")
