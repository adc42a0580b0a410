"""Cover generation: textless art for a book's title, drawn by a small diffusion model.

A prior maps the text to the image embedding of the champion, a decoder maps that embedding to art.
Text is never drawn here: a typesetting engine sets it on the art.
"""
