"""What the commands of the command line share, and the commands that come in groups."""
