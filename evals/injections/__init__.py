"""Orders hidden in what tools return, and a model that obeys every one of them."""
