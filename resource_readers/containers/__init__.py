"""What runs: images, manifests, flows, models and environments, as resources."""
