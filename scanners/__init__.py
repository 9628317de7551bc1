"""One adapter for each tool or library that looks at something; `interface` is the page to read first."""
