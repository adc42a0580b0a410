"""Covers: found in a source, checked, made alike, packed in shards, read back."""
