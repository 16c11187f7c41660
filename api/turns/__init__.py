"""A turn is one question and its answer: run once, watched by whoever asks, recorded."""
