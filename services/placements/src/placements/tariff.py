"""The tariff in PostgreSQL: its versions, what was said of each placement, and which placements to look at again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from hnb.database import arrays
from hnb.events import Cost
from placements.domain.tariff import Change, Placed, PriceKey, Said, Tariff

Key = tuple[str, str]  # an authority and a placement's id
TARIFF_LOCK = 0x544152494646  # "TARIFF": held alone to make a version, shared to price by one

_ALONE = text("SELECT pg_advisory_xact_lock(:key)")
_SHARED = text("SELECT pg_advisory_xact_lock_shared(:key)")


def hold_alone(connection: Connection) -> None:
    """Nobody prices or marks until this transaction ends, and whoever did has committed: no placement slips between."""
    connection.execute(_ALONE, {"key": TARIFF_LOCK})


def hold_still(connection: Connection) -> None:
    """No version is made until this transaction ends."""
    connection.execute(_SHARED, {"key": TARIFF_LOCK})


_VERSIONS = text("""
    SELECT v.version, v.digest, v.author, v.made_at,
        (SELECT count(*) FROM tariff_prices p WHERE p.authority = v.authority AND p.version = v.version) AS prices
    FROM tariff_versions v WHERE v.authority = :authority AND (CAST(:version AS int) IS NULL OR v.version = :version)
    ORDER BY v.version DESC
""")
_PRICES = text("""
    SELECT academic_year, provision, setting_id, band, amount_pence, per, weeks FROM tariff_prices
    WHERE authority = :authority AND version = :version
    ORDER BY academic_year, provision, setting_id, band
""")
_GOVERNING = text("""
    WITH current AS (
        SELECT authority, max(version) AS version FROM tariff_versions
        WHERE authority = ANY(:authorities) GROUP BY authority
    )
    SELECT p.authority, p.version, p.academic_year, p.provision, p.setting_id, p.band, p.amount_pence, p.per, p.weeks
    FROM tariff_prices p JOIN current USING (authority, version) WHERE p.setting_id = ANY(:settings)
""")
_MAKE = text("""
    INSERT INTO tariff_versions (authority, version, digest, author) VALUES (:authority, :version, :digest, :author)
    RETURNING made_at
""")
_ADD_PRICES = text("""
    INSERT INTO tariff_prices
    SELECT CAST(:authority AS text), CAST(:version AS int), * FROM unnest(
        CAST(:years AS int[]), CAST(:provisions AS text[]), CAST(:settings AS text[]), CAST(:bands AS text[]),
        CAST(:amounts AS bigint[]), CAST(:pers AS text[]), CAST(:weeks AS int[]))
""")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an authority's tariff: its number, hash, author, when it was made and how many prices it has."""

    version: int
    digest: bytes
    author: str
    made_at: datetime
    prices: int


def versions(connection: Connection, authority: str, version: int | None = None) -> list[Version]:
    """An authority's versions, the newest first; or the one asked for."""
    rows = connection.execute(_VERSIONS, {"authority": authority, "version": version})
    return [Version(row.version, bytes(row.digest), row.author, row.made_at, row.prices) for row in rows]


def prices(connection: Connection, authority: str, version: int) -> dict[PriceKey, Cost]:
    """Every price of one version, in order."""
    rows = connection.execute(_PRICES, {"authority": authority, "version": version})
    return {
        PriceKey(row.academic_year, row.provision, row.setting_id, row.band): _cost(
            row.amount_pence, row.per, row.weeks
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Governing:
    """The prices in force, and the version they are of."""

    version: int = 0
    tariff: Tariff = field(default_factory=dict)


def governing(connection: Connection, authorities: Iterable[str], settings: Iterable[str]) -> dict[str, Governing]:
    """Each authority's current prices, as far as they can be for one of these settings."""
    asked = {"authorities": sorted(set(authorities)), "settings": sorted({"", *settings})}
    found: dict[str, dict[PriceKey, Cost]] = defaultdict(dict)
    numbers: dict[str, int] = {}
    for row in connection.execute(_GOVERNING, asked):
        key = PriceKey(row.academic_year, row.provision, row.setting_id, row.band)
        found[row.authority][key] = _cost(row.amount_pence, row.per, row.weeks)
        numbers[row.authority] = row.version
    return {authority: Governing(numbers[authority], tariff) for authority, tariff in found.items()}


def make(connection: Connection, authority: str, version: int, digest: bytes, author: str, tariff: Tariff) -> datetime:
    """Keep a new version, whole; when it was made."""
    about = {"authority": authority, "version": version}
    made_at: datetime = connection.execute(_MAKE, {**about, "digest": digest, "author": author}).scalar_one()
    rows = ((*key, cost.amount_pence, cost.per, cost.weeks) for key, cost in sorted(tariff.items()))
    columns = "years provisions settings bands amounts pers weeks"
    connection.execute(_ADD_PRICES, {**about, **arrays(columns, rows)})
    return made_at


def _cost(amount_pence: int, per: str, weeks: int | None) -> Cost:
    return Cost.model_validate({"amount_pence": amount_pence, "per": per, "weeks": weeks})


_MARK = text("""
    INSERT INTO to_price (authority, placement_id, marked_at)
    SELECT DISTINCT a, p, clock_timestamp() FROM unnest(CAST(:authorities AS text[]), CAST(:ids AS text[])) AS k (a, p)
    WHERE EXISTS (SELECT FROM tariff_versions v WHERE v.authority = k.a)
    ORDER BY a, p
    ON CONFLICT (authority, placement_id) DO UPDATE SET marked_at = to_price.marked_at
""")
_TAKE = text("""
    DELETE FROM to_price t USING (
        SELECT authority, placement_id FROM to_price ORDER BY authority, placement_id LIMIT :most
        FOR UPDATE SKIP LOCKED
    ) AS k WHERE t.authority = k.authority AND t.placement_id = k.placement_id
    RETURNING t.authority, t.placement_id
""")
_UNSETTLED = text("""
    SELECT (SELECT count(*) FROM to_price WHERE :authority = '' OR authority = :authority)
        + (SELECT count(*) FROM tariff_sweeps WHERE :authority = '' OR authority = :authority)
""")
_SWEEP_ALL = text("""
    INSERT INTO tariff_sweeps (authority, after) VALUES (:authority, '')
    ON CONFLICT (authority) DO UPDATE SET after = ''
""")
_SWEEP = text("SELECT authority, after FROM tariff_sweeps ORDER BY authority LIMIT 1 FOR UPDATE SKIP LOCKED")
_SWEPT_TO = text("UPDATE tariff_sweeps SET after = :after WHERE authority = :authority")
_SWEPT = text("DELETE FROM tariff_sweeps WHERE authority = :authority")
# What a version can govern: what came without a cost, and what it governed before.
_GOVERNED = text("""
    SELECT m.data ->> 'placement_id' AS placement_id FROM facts m
    WHERE m.authority = :authority AND m.type = 'hnb.placement-made.v1' AND m.about > 'placement/' || :after
    AND (coalesce(m.data -> 'cost', 'null') = 'null' OR EXISTS (
        SELECT FROM prices_said s WHERE s.authority = m.authority AND s.placement_id = m.data ->> 'placement_id'
        AND s.stands))
    ORDER BY m.about LIMIT :most
""")


def mark(connection: Connection, keys: Iterable[Key]) -> None:
    """These placements are to be looked at again, where their authority has a tariff.

    A mark that stands is locked all the same: whoever looks at it next sees what this transaction changed.
    """
    wanted = sorted(set(keys))
    if wanted:
        hold_still(connection)
        connection.execute(_MARK, arrays("authorities ids", wanted))


def take_marked(connection: Connection, most: int) -> list[Key]:
    """Placements to look at now, nobody else's until this transaction ends."""
    return [(row.authority, row.placement_id) for row in connection.execute(_TAKE, {"most": most})]


def unsettled(connection: Connection, authority: str = "") -> int:
    """How many placements, and versions not yet gone through, are still to be looked at."""
    return int(connection.execute(_UNSETTLED, {"authority": authority}).scalar_one())


def begin_sweep(connection: Connection, authority: str) -> None:
    """Every placement that a version can govern is to be looked at again, page by page."""
    connection.execute(_SWEEP_ALL, {"authority": authority})


def sweep(connection: Connection, most: int) -> bool:
    """Mark a page of the placements to be gone through; whether there was one."""
    row = connection.execute(_SWEEP).first()
    if row is None:
        return False
    page = governed(connection, row.authority, row.after, most)
    mark(connection, [(row.authority, id) for id in page])
    if len(page) < most:
        connection.execute(_SWEPT, {"authority": row.authority})
    else:
        connection.execute(_SWEPT_TO, {"authority": row.authority, "after": page[-1]})
    return True


def governed(connection: Connection, authority: str, after: str, most: int) -> list[str]:
    """A page of the placements a version can govern, in order."""
    return list(connection.scalars(_GOVERNED, {"authority": authority, "after": after, "most": most}))


_PLACED = text("""
    SELECT m.authority, k.id, m.data ->> 'provision' AS provision, m.data ->> 'setting_id' AS setting_id,
        coalesce(m.data ->> 'band', '') AS band, (m.data ->> 'start_date')::date AS first_day,
        coalesce(e.data ->> 'end_date', m.data ->> 'end_date')::date AS last_day,
        coalesce(m.data -> 'cost', 'null') <> 'null' AS has_cost,
        (SELECT min((r.data ->> 'effective_on')::date) FROM facts r
         WHERE r.authority = m.authority AND r.type = 'hnb.placement-repriced.v1'
         AND r.data ->> 'placement_id' = k.id AND NOT EXISTS (
            SELECT FROM prices_said s WHERE s.authority = m.authority AND s.placement_id = k.id
            AND s.event_id = r.id AND r.source = :source)) AS agreed_from
    FROM unnest(CAST(:authorities AS text[]), CAST(:ids AS text[])) AS k (authority, id)
    JOIN facts m ON m.authority = k.authority AND m.about = 'placement/' || k.id AND m.type = 'hnb.placement-made.v1'
    LEFT JOIN facts e ON e.authority = m.authority AND e.about = m.about AND e.type = 'hnb.placement-ended.v1'
""")
_SAID = text("""
    SELECT s.* FROM prices_said s
    JOIN unnest(CAST(:authorities AS text[]), CAST(:ids AS text[])) AS k (authority, placement_id)
    USING (authority, placement_id) ORDER BY s.effective_on, s.nth
""")
_REMEMBER = text("""
    INSERT INTO prices_said
    SELECT *, true FROM unnest(CAST(:authorities AS text[]), CAST(:ids AS text[]), CAST(:days AS date[]),
        CAST(:nths AS int[]), CAST(:versions AS int[]), CAST(:events AS text[]), CAST(:amounts AS bigint[]),
        CAST(:pers AS text[]), CAST(:weeks AS int[]))
""")
_FORGET = text("""
    UPDATE prices_said s SET stands = false
    FROM unnest(CAST(:authorities AS text[]), CAST(:ids AS text[]), CAST(:days AS date[]), CAST(:nths AS int[]))
        AS k (authority, placement_id, effective_on, nth)
    WHERE s.authority = k.authority AND s.placement_id = k.placement_id AND s.effective_on = k.effective_on
    AND s.nth = k.nth
""")


def placed(connection: Connection, keys: Sequence[Key], source: str) -> dict[Key, Placed]:
    """What the tariff must know of these placements; one that was never made, or was withdrawn, is not among them."""
    rows = connection.execute(_PLACED, {**arrays("authorities ids", keys), "source": source})
    return {
        (row.authority, row.id): Placed(
            row.provision, row.setting_id, row.band, row.first_day, row.last_day, row.has_cost, row.agreed_from
        )
        for row in rows
    }


def said(connection: Connection, keys: Sequence[Key]) -> dict[Key, list[Said]]:
    """Every price ever said of these placements."""
    found: dict[Key, list[Said]] = defaultdict(list)
    for row in connection.execute(_SAID, arrays("authorities ids", keys)):
        cost = _cost(row.amount_pence, row.per, row.weeks)
        found[row.authority, row.placement_id].append(Said(row.effective_on, row.nth, row.event_id, cost, row.stands))
    return found


def remember(connection: Connection, changes: Mapping[Key, Change], versions_of: Mapping[str, int]) -> None:
    """Keep what is now said, by which version of its authority's tariff, and what is taken back."""
    gone = [(*key, one.effective_on, one.nth) for key, change in changes.items() for one in change.withdrawn]
    connection.execute(_FORGET, arrays("authorities ids days nths", gone))
    new = [
        (*key, one.effective_on, one.nth, versions_of[key[0]], one.event_id, one.cost.amount_pence, one.cost.per,
         one.cost.weeks)
        for key, change in changes.items()
        for one in change.priced
    ]  # fmt: skip
    connection.execute(_REMEMBER, arrays("authorities ids days nths versions events amounts pers weeks", new))
