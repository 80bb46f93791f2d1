"""Golden tests — small cases with their expected outputs."""
