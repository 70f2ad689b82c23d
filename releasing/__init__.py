"""What a release consists of, made into dist/: `python -m releasing wheel`, `python -m releasing sbom`."""
