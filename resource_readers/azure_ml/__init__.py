"""Azure ML CLI v2 YAML: every kind as the resource that the CLI's request would make of it."""
