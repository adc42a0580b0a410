"""Dustjacket teaches CLIP to know a book by its cover."""
