"""Other people's frameworks. Each module imports its framework; nothing else of ours imports it."""
