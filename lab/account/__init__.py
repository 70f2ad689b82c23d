"""The AWS account around the domains: S3, IAM, STS and the control plane."""
