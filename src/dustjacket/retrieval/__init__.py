"""The cover index: every cover's embedding, searched exactly."""
