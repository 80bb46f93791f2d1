"""Architecture — tests that hold the rules of the style document."""
