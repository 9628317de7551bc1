"""The rules that an estate is held to; `registry` lists them, `judging.judge` runs them."""
