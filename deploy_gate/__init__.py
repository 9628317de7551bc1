"""The deploy path: a state machine without I/O, the ports that it needs, and the pipeline that drives it."""
