"""From a comparison to a pull request: comment, check run, annotations, summary, outputs, exit code."""
