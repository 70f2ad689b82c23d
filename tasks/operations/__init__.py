"""Single operations of the AWS guide on one domain, each prepared first and carried out then."""
