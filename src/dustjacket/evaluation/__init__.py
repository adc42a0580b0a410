"""How good a fine-tuned CLIP is: what is measured of it, and the page that shows it."""
