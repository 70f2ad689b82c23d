"""What tests share: scripted servers and short ways to build plans, catalogs and migrations. Nothing of the lab."""
