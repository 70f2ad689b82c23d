"""Files that make a plan's set-up by other tools: JSON, CloudFormation, Terraform, from one model."""
