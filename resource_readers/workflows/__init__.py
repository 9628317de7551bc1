"""Workflows as resources: GitHub Actions, Azure Pipelines, and the deployments that they make."""
