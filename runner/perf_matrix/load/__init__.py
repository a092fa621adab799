"""k6, through one wrapper: requests are sent by it and by nothing else."""
