"""The embedded backend: an OCI layout as registry, a loopback process as endpoint, files as state."""
