"""Azure: the connection, role assignments and the directory; the only importer of `azure.*`."""
