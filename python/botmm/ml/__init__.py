"""Learning — the fill model outside of the core: scikit-learn in, plain files out."""
