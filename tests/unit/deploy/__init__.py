"""Deploy — tests of units, scripts and set-up."""
