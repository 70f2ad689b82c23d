"""`snapferry schema`: the plan's JSON Schema."""

from snapferry.verb import verb


@verb("snapferry schema > plan.schema.json")
def schema() -> None:
    """Print the plan's JSON Schema, for editors and pipelines."""
    from configs.schema import plan_schema
    from snapferry.output.console import show_json

    show_json(plan_schema())
