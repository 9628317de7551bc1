"""Where releases go: implementations of the ports of `deploy_gate`."""
