"""Files to resources: infrastructure templates, with the file and line of what they declare."""
