"""Listings of books: read as they come, cleaned, published as versions of the catalogue."""
