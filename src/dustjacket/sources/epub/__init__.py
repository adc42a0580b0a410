"""Read EPUB files and their package files (OPF), versions 2 and 3: metadata and cover.

An archive is hostile until it is read: members, sizes and names are bounded, and encrypted ones are
left alone.
"""
