"""`python -m snapferry.reference`: write the generated pages of the documents anew."""

from pathlib import Path

from snapferry.reference.files import generated


def main() -> None:
    """Write every generated page, in a clone of the project."""
    for name, text in generated().items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
