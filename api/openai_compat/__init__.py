"""`/v1`: the turn as a model of OpenAI's API, for every client that speaks it."""
