"""How amounts of money are printed."""


def amount(value: float | None) -> str:
    """Cents, and more digits where an amount is smaller than a few of them."""
    if value is None:
        return "-"
    return f"{value:.2f}" if abs(value) >= 0.1 or not value else f"{value:.4f}"
