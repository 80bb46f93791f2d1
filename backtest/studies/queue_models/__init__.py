"""Queue models — which estimate of queue position is right, where the truth is known."""
