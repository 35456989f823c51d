"""What was downloaded, as editions: a CSV file by itself, or a zip that holds some among other things."""

import io
import zipfile
import zlib
from dataclasses import dataclass, field

from ledger.published.editions import Edition, NotForUs, Unusable
from ledger.published.reading import MAX_BYTES, read_csv

MAX_MEMBERS = 500


@dataclass(slots=True)
class Download:
    """What a download holds: editions, and of what was passed over, why."""

    editions: list[Edition] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


def read_download(name: str, raw: bytes) -> Download:
    """A CSV must be of a known kind; of a zip one at least, and what is not for us is passed over and said."""
    if not raw.startswith(b"PK\x03\x04"):
        if name.lower().endswith(".zip"):
            raise Unusable(name, None, None, "is no zip, or was cut short: download it again")
        return Download([read_csv(name, raw)])
    found = Download()
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _take(name, archive, found)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise Unusable(name, None, None, f"cannot be unpacked ({error}): download it again") from None
    if not found.editions:
        why = f": {found.passed_over[0]}" if found.passed_over else ""
        raise NotForUs(name, None, None, f"holds no file that is known here{why}")
    return found


def _take(name: str, archive: zipfile.ZipFile, found: Download) -> None:
    members = [one for one in archive.infolist() if not one.is_dir()]
    if len(members) > MAX_MEMBERS:
        raise Unusable(name, None, None, f"holds more than {MAX_MEMBERS} files")
    left = MAX_BYTES
    for member in members:
        inside = f"{name}/{member.filename}"
        if not member.filename.lower().endswith(".csv"):
            continue
        if member.flag_bits & 1:
            raise Unusable(inside, None, None, "is locked by a password")
        with archive.open(member) as file:
            raw = file.read(left + 1)  # whatever the archive says of its size
        left -= len(raw)
        if left < 0:
            raise Unusable(name, None, None, f"unpacks to more than {MAX_BYTES // 2**20} MiB")
        try:
            found.editions.append(read_csv(inside, raw))
        except NotForUs as error:
            found.passed_over.append(str(error))
