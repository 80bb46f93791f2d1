"""Store — what outlives the process: state, parameters and allocations."""
