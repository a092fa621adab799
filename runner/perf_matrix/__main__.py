"""``python -m perf_matrix``: the same as the command ``perf-matrix``."""

from perf_matrix.cli import main

if __name__ == "__main__":
    main()
