# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""URIs of key vaults and keys, normalized before they are compared (host case, default port, trailing slash)."""

from __future__ import annotations

import functools
import typing as t
from urllib.parse import urlsplit

_HTTPS_PORT = 443
_REAL_SUFFIX, _MISSPELT_SUFFIX = ".vault.azure.net", ".azure.vault.net"


@functools.lru_cache(maxsize=256)
def _host(uri: str) -> tuple[str, str]:
    """Split an https URI into host (with its port, unless that is 443) and path.

    :raises ValueError: says what is wrong with it
    """
    if "".join(uri.split()) != uri:
        raise ValueError("contains white space")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as exc:
        raise ValueError(f"is not a URI ({exc})") from exc
    if parts.scheme.lower() != "https":
        raise ValueError("does not begin with https://")
    if not parts.hostname:
        raise ValueError("has no host")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("contains a login, a query, or a fragment. Only host and path are allowed")
    host = parts.hostname.rstrip(".")
    return (host if port in (None, _HTTPS_PORT) else f"{host}:{port}"), parts.path


class VaultUri(t.NamedTuple):
    """The URI of a key vault, as ONTAP's field ``name`` has it."""

    host: str

    @classmethod
    def parse(cls, uri: str) -> VaultUri:
        """Read https://<host>[:port][/].

        :raises ValueError: says what is wrong with it
        """
        host, path = _host(uri)
        if path.strip("/"):
            raise ValueError("has a path: the key vault's URI ends after the host")
        return cls(host)


class KeyId(t.NamedTuple):
    """A key of a key vault: https://<host>/keys/<key>[/<version>]. Azure ignores the case of names."""

    host: str
    key: str
    version: str | None

    @classmethod
    def parse(cls, uri: str) -> KeyId:
        """Read a key's URI.

        :raises ValueError: says what is wrong with it
        """
        host, path = _host(uri)
        segments = path.strip("/").lower().split("/")
        if len(segments) not in (2, 3) or segments[0] != "keys" or not all(segments):
            raise ValueError("is not a key identifier")
        return cls(host, segments[1], segments[2] if len(segments) == 3 else None)

    def same_key(self, other: KeyId) -> bool:
        """Return whether both mean the same key, whatever the version."""
        return (self.host, self.key) == (other.host, other.key)

    def other_version(self, other: KeyId) -> bool:
        """Return whether both name a version, and not the same one."""
        return None not in (self.version, other.version) and self.version != other.version

    def means(self, other: KeyId) -> bool:
        """Return whether both mean the same key; the version counts only where both have one."""
        return self.same_key(other) and not self.other_version(other)


def same_vault(one: str, other: str) -> bool:
    """Check whether two URIs mean the same key vault; what is not a URI is compared as it is."""
    try:
        return VaultUri.parse(one) == VaultUri.parse(other)
    except ValueError:
        return one == other


def likely_typo(uri: str) -> str | None:
    """Name what was likely meant where Azure's suffix is misspelled, as in the 9.7 reference's own examples."""
    host = urlsplit(uri).netloc
    return uri.replace(_MISSPELT_SUFFIX, _REAL_SUFFIX) if host.lower().endswith(_MISSPELT_SUFFIX) else None


def real_host(host: str) -> str:
    """Spell a host as Azure does, so that two hosts compare equal if one has the typo."""
    return host[: -len(_MISSPELT_SUFFIX)] + _REAL_SUFFIX if host.endswith(_MISSPELT_SUFFIX) else host
