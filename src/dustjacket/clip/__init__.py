"""CLIP over covers and titles: model, prompts, data, training, evaluation, embedding."""
