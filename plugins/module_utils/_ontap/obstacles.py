# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What ONTAP would refuse a change for, foreseen by reading. What cannot be read is not foreseen."""

from __future__ import annotations

import contextlib
import functools

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, svm_name
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap import key_stores
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client, explain
from ansible_collections.ontap.akv.plugins.module_utils._ontap.key_ids import volumes_elsewhere
from ansible_collections.ontap.akv.plugins.module_utils._ontap.volumes import is_nae, read_volumes
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

KEYS_REFUSED = "9.7-9.18.1"
"""The releases that refuse an AKV configuration while another key manager holds volume keys of the SVM (65537505)."""

METROCLUSTER_SINCE = "9.8"
"""The first release that reports whether it is part of a MetroCluster."""

IN_METROCLUSTER = ("configured", "partially_configured", "configuration_error")

_SAID = {
    # As the reference words it ("Delete an AKV configuration").
    "65536867": "Volume encryption keys (VEK) for one or more encrypted volumes are stored on the key manager"
    " configured for the given SVM",
}
_NAE_REFUSED = {"9.15.1-9.15.1": "65539703", "9.17.1": "65539704"}
_ADMIN_SVM_REFUSED = "9.16.1"
_OTHER_KIND_REFUSED = {"9.14.1-9.16.1": "65539206", "9.17.1": "65539222"}


def refuses_nae(release: releases.Release | None) -> str | None:
    """Return the code with which a release refuses an SVM with NAE volumes; None where it does not."""
    return None if release is None else _code(_NAE_REFUSED, release)


def to_creating(client: Client, scope: Scope, doing: str, enabled: bool) -> errors.OntapError | None:
    """Foresee that ONTAP refuses to create an AKV configuration.

    :param doing: the creation, as its own failure begins
    :param enabled: whether it is created as the enabled one
    :return: the failure that ONTAP's refusal would be; None where nothing is seen
    """
    release = client.release()
    if _in_metrocluster(client):
        return _refusal(client, "post", "65537506", doing)
    volumes = _volumes_of(client, scope)
    code = refuses_nae(release) if any(map(is_nae, volumes)) else None
    if (
        code is None
        and volumes
        and enabled
        and release.within(KEYS_REFUSED)
        and key_stores.kinds(client, Scope(), release)
    ):
        # Without a key manager of its own, the keys of an SVM are with that of the cluster.
        code = "65537505"
    return _refusal(client, "post", code, doing) if code else None


def to_enabling(client: Client, scope: Scope, doing: str) -> errors.OntapError | None:
    """Foresee that ONTAP refuses to switch to another configuration, as to_creating does (9.14.1+)."""
    release = client.release()
    code = "65539514" if scope.is_cluster and release.within(_ADMIN_SVM_REFUSED) else None
    if code is None and set(key_stores.kinds(client, scope, release)) - {"akv", key_stores.UNKNOWN_TYPE}:
        code = _code(_OTHER_KIND_REFUSED, release)
    if code is None and any(map(is_nae, _volumes_of(client, scope))):
        code = refuses_nae(release)
    return _refusal(client, "key_stores_patch", code, doing) if code else None


def to_rekeying(client: Client, scope: Scope, doing: str, operation: str) -> errors.OntapError | None:
    """Foresee that ONTAP refuses a rekey: keys of the SVM are with another key manager (9.11.1+)."""
    volumes = _volumes_of(client, scope)
    elsewhere = volumes and volumes_elsewhere(client, scope, volumes)
    return _refusal(client, operation, "65537547", doing) if elsewhere else None


def to_deleting(client: Client, scope: Scope, doing: str) -> errors.OntapError | None:
    """Foresee that ONTAP refuses to delete the key manager of a scope: encrypted volumes need its keys.

    :raises AkvError: the volumes cannot be read
    """
    volumes = read_volumes(client, scope)
    if scope.is_cluster and volumes:
        # Volumes of an SVM with a key manager of its own do not need the cluster's.
        own = key_stores.svms_with_key_manager(client)
        volumes = [volume for volume in volumes if svm_name(volume) not in own]
    elif volumes:
        elsewhere = volumes_elsewhere(client, scope, volumes)
        volumes = [volume for volume in volumes if volume.get("name") not in elsewhere]
    return _refusal(client, "delete", "65536867", doing) if volumes else None


def _in_metrocluster(client: Client) -> bool:
    def read() -> object:
        if not client.release().within(METROCLUSTER_SINCE):
            return None
        with contextlib.suppress(errors.AkvError):
            return metrocluster_state(client)
        return None

    return client.once("metrocluster", read) in IN_METROCLUSTER


def metrocluster_state(client: Client) -> object:
    """Read how the cluster is part of a MetroCluster, in ONTAP's word (9.8+).

    :raises AkvError: it cannot be read
    """
    query = {"fields": "local.configuration_state"}
    local = client.get("/cluster/metrocluster", query, doing="Reading the MetroCluster").get("local")
    return local.get("configuration_state") if isinstance(local, dict) else None


def _volumes_of(client: Client, scope: Scope) -> list[Record]:
    """Read the encrypted volumes of an SVM; none where they cannot be read, and for the cluster."""
    if scope.is_cluster:
        return []
    with contextlib.suppress(errors.AkvError):
        return client.once(f"encrypted volumes of {scope}", functools.partial(read_volumes, client, scope))
    return []


def _code(refused: dict[str, str], release: releases.Release) -> str | None:
    return next((code for span, code in refused.items() if release.within(span)), None)


def _refusal(client: Client, operation: str, code: str, doing: str) -> errors.OntapError:
    """Word a refusal as ONTAP's own would be."""
    known = explain(operation, code)
    said = _SAID.get(code) or (known.meaning if known else "ONTAP refuses it")
    advice = f" {known.advice}" if known else ""
    error: Record = {"code": code, "message": f"{said}.", "target": None, "arguments": []}
    return errors.OntapError(f"{doing} on {client.where} failed: {said} (code {code}).{advice}", code, None, error)
