"""LiteLLM's proxy: the first target."""

from perf_matrix.targets.litellm.target import LiteLLM

__all__ = ["LiteLLM"]
