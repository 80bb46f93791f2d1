"""Campaign tests — simulated days of the whole daemon on a faulty exchange, judged from outside."""
