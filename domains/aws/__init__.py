"""The AWS account around a domain: credentials, IAM, S3, KMS, the control plane."""
