"""Live — tests of the daemon around fakes of its ports."""
