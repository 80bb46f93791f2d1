"""Live — the daemon: one engine, driven by a venue's sockets, journaled, guarded."""
