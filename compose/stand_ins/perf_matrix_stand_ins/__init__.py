"""The stand-ins of a stack: an upstream LLM, an MCP server and a telemetry sink that always answer the same.

What they take is known and what they answer is fixed, so that a difference between two versions of the
service that calls them is a difference of that service.
"""
