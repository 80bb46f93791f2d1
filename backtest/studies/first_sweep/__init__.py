"""First sweep — 144 parameter sets over every market of a store."""
