"""Who pays, as people read it. Programs know those who are nobody by names that stay."""

# By the name that data carry: what has no owner or label, and the parts of a bill that are nobody's.
NOBODY = {
    "(none)": "（无）",
    "(idle)": "（闲置）",
    "(overhead)": "（公共开销）",
}


def payer(name: str, language: str) -> str:
    """A namespace, workload, or value of a label, as `team=(none)`, in the reader's language."""
    key, mark, value = name.rpartition("=")
    if language != "zh" or value not in NOBODY:
        return name
    return f"{key}{mark}{NOBODY[value]}"


def known_payer(told: str) -> str:
    """The name that data carry, of one that somebody copied from what they read."""
    key, mark, value = told.rpartition("=")
    of_told = {text: name for name, text in NOBODY.items()}
    return f"{key}{mark}{of_told.get(value, value)}"
