"""A local AWS of real parts: OpenSearch engines, S3, IAM and STS, and the service's front door before each
domain.

The lab shares no code with the product it is there to test. Start it with `lab.manager`.
"""
