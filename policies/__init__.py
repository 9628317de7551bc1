"""The Azure Policy engine: definitions, initiatives and assignments evaluated over resources, without Azure.

`cases` is the shortest way in; `definitions` and `evaluation` are the core; `pack`, `type_index` and `pack_cache` make
it quick over many; `layering` evaluates all assignments over one request. docs/azure-policy.md lists the language.
"""
