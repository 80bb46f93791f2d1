"""Property tests — invariants over generated cases."""
