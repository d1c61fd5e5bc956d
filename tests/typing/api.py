"""Type-checked."""
