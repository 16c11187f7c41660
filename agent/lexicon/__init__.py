"""Words and patterns, in English and Chinese, by which a sentence is understood. Data only."""
