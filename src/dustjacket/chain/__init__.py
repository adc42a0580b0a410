"""Running the whole chain from a terminal: trigger, follow, report."""
