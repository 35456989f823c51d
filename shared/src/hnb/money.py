"""Integer pence, the one rounding rule, and how pounds are shown to people."""

MILLION = 100_000_000  # pence


def divide_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest whole, halves upwards; exact in integers, denominator above 0.

    >>> divide_half_up(5, 2), divide_half_up(-5, 2), divide_half_up(7, 3)
    (3, -2, 2)
    """
    return (2 * numerator + denominator) // (2 * denominator)


def pounds(pence: int) -> str:
    """Pence as a person reads them.

    >>> pounds(2714658), pounds(-4480000000)
    ('£27,146.58', '−£44,800,000.00')
    """
    whole, rest = divmod(abs(pence), 100)
    return f"{'−' if pence < 0 else ''}£{whole:,}.{rest:02d}"
