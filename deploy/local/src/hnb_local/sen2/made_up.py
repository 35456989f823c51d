"""Identities that nobody has, for made-up returns: names out of syllables, UPNs and postcodes of nowhere."""

from datetime import date, timedelta
from random import Random

from hnb_local.sen2.fields import upn_letter

# No child is called so; and none of these is a part of a word that a log or a table may hold anyway.
_FIRST = ["Bri", "Cro", "Dul", "Fen", "Gwi", "Hob", "Jor", "Kel", "Lum", "Mor", "Nim", "Orv", "Pel", "Quo", "Rud",
          "Syl", "Tov", "Urb", "Wex", "Yar"]  # fmt: skip
_MIDDLE = ["ba", "cke", "dri", "fo", "ga", "lli", "mbe", "nda", "phu", "rre", "ssi", "ttu", "vo", "xa", "zzi"]
_SURNAME_END = ["borrow", "combeck", "dalewick", "fernigan", "grovely", "hamstow", "kettle", "mothwaite", "thornquist",
                "wobbley"]  # fmt: skip
_FORENAME_END = ["bella", "cito", "dwen", "fina", "lix", "mondo", "nette", "rick", "tania", "voxi"]

NOWHERE_LEA = "998"  # no authority has this number, so no school gives out UPNs that begin with it
_TEMPORARY_ONE_IN = 50


def surname(random: Random) -> str:
    """A family's name."""
    return random.choice(_FIRST) + random.choice(_MIDDLE) + random.choice(_SURNAME_END)


def forename(random: Random) -> str:
    """A child's name."""
    return random.choice(_FIRST) + random.choice(_MIDDLE) + random.choice(_FORENAME_END)


def upn(number: int) -> str:
    """A Unique Pupil Number of nowhere, different for every number below a thousand million; some temporary ones."""
    digits = f"{NOWHERE_LEA}{number:09d}"
    if number % _TEMPORARY_ONE_IN == 7:
        digits = digits[:-1] + "ABCDEFGHJK"[number % 10]
    return upn_letter(digits) + digits


def learner_number(number: int) -> str:
    """A Unique Learner Number."""
    return f"{9_000_000_000 + number}"


def postcode(random: Random) -> str:
    """A postcode in an area, ZZ, that there is none of."""
    letters = "ABDEFGHJLNPQRSTUWXYZ"  # those the end of a postcode is written with
    return f"ZZ{random.randrange(1, 99)} {random.randrange(10)}{random.choice(letters)}{random.choice(letters)}"


def birth_date(random: Random, age: int, school_year: int) -> date:
    """The birthday of somebody of that age on 31 August before a school year."""
    return date(school_year - age, 8, 31) - timedelta(days=random.randrange(365))
