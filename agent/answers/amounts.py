"""Amounts of memory as kubectl writes them."""


def as_bytes(count: float) -> str:
    for unit, size in (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
        if count >= size:
            return f"{count / size:.4g}{unit}"
    return f"{count:g}"
