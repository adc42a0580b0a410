"""Sets a book's title, subtitle and author on textless art, as a finished cover.

A layout says where each line stands; a renderer makes PNG, JPEG, SVG or PDF of it. No model is
needed: whatever made the art, text is set by an engine, so it is correct and stays editable.
"""
