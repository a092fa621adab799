"""Where a bisect's candidates come from (the index, git, images, a list), and what a commit says of itself."""
