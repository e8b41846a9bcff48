"""Text as YAML: harmless, plain, with the place of every value and every mistake."""
