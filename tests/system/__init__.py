"""System — whole commands, as a user runs them."""
