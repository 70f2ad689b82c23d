"""What tests share: scripted servers, and short ways to build plans and catalogs. Nothing of the lab."""
