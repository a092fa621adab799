"""The command ``perf-matrix`` with one more target, the small service: all that it does is the real thing."""

from perf_matrix.cli import main
from perf_matrix.targets import registry
from tests.integration.stacks.compose.small_image import ContainerTarget

registry._BUILT_IN["small"] = ContainerTarget()
main()
