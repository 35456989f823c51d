"""What the dashboards over the register share: how its figures are asked for, of an authority and of a year."""

OF = "authority = ${authority:sqlstring}"
OF_YEAR = f"{OF} AND financial_year = ${{financial_year:sqlstring}}::int"
MONTH = "to_char(month, 'Mon YYYY') AS \"Month\""
COUNT = "locale"  # 4,175 and not "4 K"
DAY = "time:DD MMM YYYY"
NOT_PUBLIC = "For officers: small numbers are not suppressed."


def once(gauge: str, by: str = "", of: str = "") -> str:
    """A figure of the authority, once however many replicas tell it; `by` are the labels it is told by."""
    labels, chosen = (f", {more}" if more else "" for more in (by, of))
    return f'max by (authority{labels}) (hnb_{gauge}{{authority="$authority"{chosen}}})'


def or_none(promql: str) -> str:
    """Nought where there are none: nothing is told of nothing. Where the register is away, no figure at all."""
    return f"{promql} or 0 * {once('plans')}"
