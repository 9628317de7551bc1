"""Data Factory and Synapse as they stand in Git, and the activities of their pipelines wherever these come from."""
