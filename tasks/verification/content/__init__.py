"""Level content: mappings, settings, aliases and sampled documents."""
