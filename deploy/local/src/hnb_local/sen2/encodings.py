"""Which encoding a file of a return is in: UTF-8, UTF-16 with its mark, or Windows-1252, as Windows programs save."""

import codecs
from pathlib import Path

from hnb_local.sen2.raw import unusable

CHUNK_BYTES = 1 << 16


def encoding_of(path: Path) -> str:
    """The encoding that all of a file can be read in; UnusableReturn where there is none or no reading it."""
    try:
        with path.open("rb") as file:
            mark = file.read(3)
    except OSError as error:
        raise unusable(path, 0, "file", f"cannot be read: {error.strerror}") from None
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _decoded_up_to(path, "utf-16", refuse_nul=False)
        return "utf-16"
    if is_utf8(path):
        return "utf-8-sig"
    _decoded_up_to(path, "cp1252", refuse_nul=True)
    return "cp1252"


def is_utf8(path: Path) -> bool:
    """Whether all of a file is UTF-8; a zero byte is refused by name, since no text has one."""
    try:
        _read_through(path, "utf-8-sig", refuse_nul=True)
    except UnicodeDecodeError:
        return False
    return True


def _decoded_up_to(path: Path, encoding: str, *, refuse_nul: bool) -> None:
    try:
        _read_through(path, encoding, refuse_nul=refuse_nul)
    except UnicodeDecodeError:
        raise unusable(path, 0, "encoding", "is neither UTF-8, UTF-16 nor Windows-1252: save it as UTF-8") from None


def _read_through(path: Path, encoding: str, *, refuse_nul: bool) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            if refuse_nul and b"\x00" in chunk:
                line = lines + chunk[: chunk.index(b"\x00")].count(b"\n")
                raise unusable(path, line, "encoding", "holds a zero byte: it is no text, or was damaged")
            decoder.decode(chunk)
            lines += chunk.count(b"\n")
        decoder.decode(b"", final=True)
