"""Where the state is: in a folder, or in S3 for several machines."""
