"""The Studio: the published models for whoever asks, over HTTP."""
