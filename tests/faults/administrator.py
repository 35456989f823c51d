"""A way into a service's database past its role: what only the owner of the tables may do."""

from urllib.parse import urlsplit

from hnb_local.stack import Stack


def administrators_url(stack: Stack, service: str) -> str:
    """Where the administrator of the stack's own PostgreSQL enters the database of a service."""
    at = urlsplit(stack.database_urls[service])
    return at._replace(netloc=f"postgres:{stack.folder.secrets()['postgres']}@{at.hostname}:{at.port}").geturl()
