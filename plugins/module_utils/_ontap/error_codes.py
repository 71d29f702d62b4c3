# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What ONTAP's error codes mean and what to do about them: one table, by operation.

A line is a code, whether it can pass without a change, its meaning, and the advice. Indented lines continue the line
above. It is text because a module carries it, and text is smaller and compiles faster than a call for each code.

Codes of release 9.7 are those of the REST API reference; later ones those of the vendor's published references.
Whether waiting helps (transient) and the advice are the collection's own judgement. What the collection itself sends
again is decided in `_http/retry`, not here. Imported only when there is an error to explain.
"""

from __future__ import annotations

import typing as t


class Code(t.NamedTuple):
    """One error code: what it means, whether it can pass without a change, what an administrator should do."""

    meaning: str
    transient: bool
    advice: str


_TABLE = """
[get]
65537549 | can pass | One or more nodes cannot reach the Azure key vault service | Read azure_reachability.message, then
    check DNS, route, firewall, proxy and port 443 from every node and from the SVM.
65537551 | stays | The wrapped top-level key (KEK) is missing on one or more nodes | Harmless while the SVM has no
    encrypted volume; otherwise run akv_restore for this AKV configuration.
65537552 | can pass | State of the embedded KMIP server is not available on a node | Check node health and cluster
    network, and ask again in a few minutes.
[post]
3735553 | can pass | A self-signed certificate could not be made | Check cluster health and time, then try again;
    contact NetApp support if it repeats.
3735664 | stays | Key size not allowed in FIPS mode | Use a key size that FIPS mode allows.
3735665 | stays | Hash function not allowed in FIPS mode | Use a hash that FIPS mode allows.
3735700 | stays | Key size not supported | Use a supported key size (the vendor's guide uses RSA 2048).
52559972 | stays | The certificate's start date is in the future | Correct the cluster's clock (NTP) or wait until the
    certificate is valid.
65537500 | stays | The SVM already has a key manager | Run akv_preflight_info: it names the key manager and how its keys
    get to AKV on this release. From 9.14.1 a second, inactive configuration can be created instead.
65537503 | stays | The two given passwords differ | Give client_secret again.
65537504 | can pass | Internal: the configuration could not be stored | Check that all nodes are in quorum, then run the
    task again.
65537505 | stays | Volume keys of this SVM are held by the admin SVM's key manager | Run akv_preflight_info: it
    describes how these keys get to AKV on this release. They cannot be migrated before an AKV configuration exists.
65537506 | stays | Not supported in MetroCluster | Use external KMIP or the onboard key manager there.
65537512 | stays | Not all nodes can enable the Azure Key Vault feature | Finish the upgrade so that all nodes run one
    release that has the feature.
65537514 | can pass | ONTAP could not determine whether the feature is enabled | Check cluster health and try again.
65537518 | stays | No interface with the Cluster role was found | Repair the cluster network: every node needs a cluster
    LIF.
65537523 | stays | key_id has the wrong form | Give the key as https://<vault>.<suffix>/keys/<key>, with or without a
    version.
65537526 | can pass | The Azure Key Vault feature could not be enabled | Check that all nodes are healthy and of one
    release, then try again.
65537553 | stays | The key vault name has the wrong form | Give the key vault URI, https://<vault>.vault.azure.net.
65537567 | stays | No authentication method given | Send client_secret or client_certificate.
65537573 | stays | The client certificate is not valid | Send a PKCS#12 file in base64 that holds certificate and
    private key.
65537589 | stays | configuration.name is already used on this SVM | Choose another name or reuse the configuration that
    has it.
65537592 | stays | configuration.name needs an effective cluster version of 9.14.0 | Finish the upgrade of all nodes
    first.
65537593 | stays | create_inactive needs an effective cluster version of 9.14.0 | Finish the upgrade of all nodes first.
65537594 | stays | create_inactive=true needs configuration.name | Give configuration.name.
65537595 | stays | configuration.name may only be given with create_inactive=true | Leave configuration.name out (the
    enabled one is named default) or add create_inactive=true.
65538902 | stays | configuration.name is reserved for the system | Choose another name (default is the system's).
65538903 | stays | configuration.name is empty | Give a non-empty name.
65539703 | stays | The SVM has NAE volumes | Cloud key managers do not cover NAE: convert or move those volumes.
65539704 | stays | The SVM has NAE volumes | Cloud key managers do not cover NAE: convert or move those volumes.
[patch]
65537120 | stays | No Azure key vault is configured for this SVM | Read the AKV configurations with akv_info: this one
    is gone or was created again.
65537503 | stays | The two given passwords differ | Give client_secret again.
65537504 | can pass | Internal: the configuration could not be stored | Check that all nodes are in quorum, then run the
    task again.
65537511 | stays | No Azure key vault is configured for this SVM | Read the AKV configurations with akv_info: this one
    is gone or was created again.
65537517 | stays | client_secret is required | Give client_secret.
65537540 | stays | The client secret is not valid | Make sure the secret VALUE was pasted, not the Secret ID, that it
    has not expired, and that it belongs to this client_id.
65537541 | stays | The request changes nothing | Send at least one property.
65537547 | stays | Volume keys of this data SVM are still in the admin SVM's key manager | Migrate the keys (POST
    security/key-managers/{source.uuid}/migrate) before a rekey.
65537573 | stays | The client certificate is not valid | Send a valid PKCS#12 in base64.
65537577 | stays | Not all nodes support certificate authentication | Finish the upgrade, or use a client secret.
[delete]
65536242 | stays | Self-encrypting drives hold an authentication key | Return the drives to unprotected mode first;
    never force it.
65536243 | can pass | ONTAP could not determine whether drives hold an authentication key | Check disk and node health
    and try again.
65536817 | can pass | Internal: ONTAP could not determine whether disabling is safe | Check node health and try again;
    do not work around it.
65536827 | can pass | Internal: ONTAP could not determine whether the SVM has encrypted volumes | Check node health and
    try again.
65536834 | can pass | Internal: existing key server details could not be read | Check node health and try again.
65536867 | stays | Keys of encrypted volumes are held by this key manager | Leave it in place, or move, decrypt or
    delete those volumes first.
65536883 | stays | Internal: a volume's encryption key is missing | Run akv_restore; contact NetApp support before any
    further step.
65536884 | stays | Internal: a volume's encryption key is invalid | Contact NetApp support before any further step.
65536924 | stays | NSE authentication keys are still in this key manager | Move those keys first.
65537120 | stays | No Azure key vault is configured for this SVM | Read the AKV configurations with akv_info before you
    treat it as deleted.
65537511 | stays | No Azure key vault is configured for this SVM | Read the AKV configurations with akv_info before you
    treat it as deleted.
196608080 | stays | Root volume of one or more nodes is NVE-encrypted | The key manager is needed to boot: leave it in
    place.
196608301 | can pass | Internal: the encryption type could not be read | Check aggregate and node health and try again.
196608305 | stays | The cluster has NAE aggregates | Leave the key manager in place or convert the aggregates first.
[restore]
65537511 | stays | No Azure key vault is configured for this SVM | Read the AKV configurations with akv_info: this one
    is gone or was created again.
65537120 | stays | No Azure key vault is configured for this SVM | Read the AKV configurations with akv_info: this one
    is gone or was created again.
65537515 | can pass | Keys were not restored on some nodes | Make azure_reachability and ekmip_reachability good on
    every node, then run akv_restore again (it only fetches what is missing).
65537544 | stays | The wrapped top-level key (KEK) is missing from the internal database | Normal when no encrypted
    volume exists yet; otherwise contact NetApp support: do not delete the AKV configuration or its key.
[rekey_internal]
65537120 | stays | No Azure key vault is configured for this SVM | Read the AKV configurations with akv_info: this one
    is gone or was created again.
65537547 | stays | Volume keys of this data SVM are still in the admin SVM's key manager | Migrate the keys first, then
    rekey.
65537559 | stays | The SVM has no internal keys yet: nothing to rekey | Create the first encrypted volume, then rekey.
65537610 | stays | Blocked: the enabled key store is being switched, or an earlier switch did not finish | Finish the
    switch with akv_config, enabled: true, for the same configuration, then rekey.
65539436 | can pass | Blocked: the key store is being initialized | Wait until the state of the key store is active,
    then try again.
65539437 | stays | Blocked: the key store is being disabled | Find out who is removing the key manager before anything
    else.
65539856 | can pass | A restore inside the rekey failed | Check reachability on every node, run akv_restore, then rekey
    again.
[rekey_external]
65537120 | stays | No Azure key vault is configured for this SVM | Read the AKV configurations with akv_info: this one
    is gone or was created again.
65537547 | stays | Volume keys of this data SVM are still in the admin SVM's key manager | Migrate the keys first, then
    rekey.
65537610 | stays | Blocked: the enabled key store is being switched, or an earlier switch did not finish | Finish the
    switch with akv_config, enabled: true, for the same configuration, then rekey.
65539436 | can pass | Blocked: the key store is being initialized | Wait until the state of the key store is active,
    then try again.
65539437 | stays | Blocked: the key store is being disabled | Find out who is removing the key manager first.
65539855 | can pass | A restore inside the rekey failed | Check reachability on every node, run akv_restore, then rekey
    again.
[key_stores_get]
13434920 | stays | The SVM does not exist | Check svm.name or svm.uuid.
[key_stores_patch]
262155 | stays | Needs an effective cluster version of 9.14.0 | Finish the upgrade first.
65537605 | can pass | The cloud key service could not be reached | Test network, credential and key of the new
    configuration, then run the task again.
65538908 | stays | The key store uuid does not exist, or its kind is not supported here | Take the uuid from GET
    security/key-stores.
65538909 | stays | enabled is required | Send enabled=true.
65538910 | stays | An enabled configuration cannot be disabled this way | Enable another configuration instead, or
    delete this one with state: absent.
65539206 | stays | The SVM has an enabled key store of a kind that cannot be migrated from | Use the migrate call, or
    move the volumes.
65539212 | can pass | The enabled key store is neither active nor switching | Wait for (or repair towards) state active;
    from state blocked repair the AKV configuration first.
65539703 | stays | The SVM has NAE volumes | Convert or move the NAE volumes.
65539513 | stays | Enabling an inactive key manager on the admin SVM needs 9.16.1 | Finish the upgrade.
65539514 | stays | This key store kind cannot be enabled on the admin SVM | AKV serves data SVMs only.
65539515 | stays | On the admin SVM only OKM and KMIP can be switched for each other | AKV serves data SVMs only.
65539518 | can pass | Internal: the enabled configuration was not found | Read the key stores again; contact NetApp
    support if it repeats.
65539520 | stays | An inactive onboard key manager already exists on the admin SVM | Delete or enable the existing one.
65539534 | stays | Admin SVM key manager cannot be switched while system root volumes are encrypted by it | Not an AKV
    case.
65539583 | stays | External key manager has a policy: cannot switch to onboard | Not an AKV case.
65539585 | stays | An inactive external key manager already exists on the admin SVM | Delete or enable the existing one.
65539590 | stays | More than two NSE authentication keys: cannot switch to onboard | Not an AKV case.
65539591 | stays | Fewer than two NSE authentication keys: cannot switch to onboard | Not an AKV case.
65536203 | stays | Internal: SVM key not made, cluster key database not initialized | Check cluster key manager state;
    contact NetApp support.
65536204 | stays | Internal: SVM key not made, cluster key encryption key not found | Check cluster key manager state;
    contact NetApp support.
65536207 | can pass | Internal: SVM key not stored | Check quorum and run the task again.
65536212 | can pass | Internal: SVM volume key not deleted | Run the task again; contact NetApp support if it repeats.
65536217 | can pass | Internal: key not removed from the node's key cache | Run the task again; contact NetApp support
    if it repeats.
65536602 | can pass | Nodes are out of quorum: no enable or switch | Bring all nodes back into quorum, then run the task
    again.
65536856 | stays | No external key server configured for the SVM | Configure the source or target first.
65536882 | stays | Internal: a volume's uuid is missing | Contact NetApp support.
65536883 | stays | Internal: a volume's encryption key is missing | Run akv_restore on the enabled AKV configuration;
    contact NetApp support.
65536884 | stays | Internal: a volume's encryption key is invalid | Contact NetApp support.
65536889 | stays | Internal: a volume's encryption blob is invalid | Contact NetApp support.
65536890 | can pass | Internal: a volume key blob could not be made | Run the task again; contact NetApp support if it
    repeats.
65536973 | stays | Internal: a volume's data set id is missing | Contact NetApp support.
65536987 | can pass | One or more key servers are unavailable | Bring the key servers back, then run the task again.
65537527 | can pass | Internal: the SVM key encryption key could not be wrapped again | Check the key's permissions and
    state in Azure (of both key vaults), then run the task again.
65537533 | can pass | Internal: the SVM key encryption key could not be unwrapped | Check that the previous key is still
    enabled and permitted in Azure.
65539200 | stays | Key custodian got no external key-value store | Contact NetApp support.
65539201 | can pass | Encryption failed | Check key permissions (encrypt/wrap) in Azure.
65539205 | stays | Key store kind cannot be enabled by this call | Use the kind's own endpoint.
65539207 | stays | The key store configuration does not exist | Read the key stores again.
65539218 | stays | The key store configuration is already enabled | Nothing to do: treat as done after reading it back.
65539222 | stays | Data SVMs cannot switch between different key store kinds | Switch AKV to AKV only; for other kinds
    use migrate.
65539416 | can pass | Internal: key-value store answer not understood | Try again; contact NetApp support if it repeats.
65539442 | can pass | Internal: AES blob not made | Try again; contact NetApp support if it repeats.
65539444 | can pass | Internal: volume key blob not updated | Try again; contact NetApp support if it repeats.
65539535 | stays | No node holds the unwrapped key | Run akv_restore on the enabled AKV configuration, then try again.
65539536 | stays | Internal: a volume's wrapped key blob was not found | Contact NetApp support.
65539538 | stays | No SVM KEK was made for the SVM | Create the first encrypted volume, or contact NetApp support.
65539539 | can pass | The SVM KEK is not restored | Run akv_restore, then try again.
65539622 | can pass | The cluster KEK is not restored for the SVM | Run restore for the cluster's key manager, then try
    again.
65539704 | stays | The SVM has NAE volumes | Convert or move the NAE volumes.
65539837 | stays | The key manager has no volumes to migrate | Nothing to migrate: check that you named the right SVM.
65539838 | stays | External key manager has a policy: cannot migrate to a cloud key manager | Remove the policy first.
65539839 | stays | Migration to a cloud key manager needs key manager state mixed | Read the state of the key store.
65539840 | can pass | Keys left on the external key servers could not be cleaned up | The switch itself may be done:
    read it back, then clean up by hand.
65539842 | can pass | The SVM KEK could not be restored | Check reachability on every node, run akv_restore.
65539845 | stays | Migration to onboard needs state mixed or active | Read the state of the key store.
65539857 | can pass | A restore inside the key store switch failed | Check reachability, run akv_restore, run the task
    again.
65539858 | can pass | A restore inside the key migration failed | Check reachability, run akv_restore, then migrate
    again.
65539859 | can pass | A restore inside the key migration failed | Check reachability, run akv_restore, then migrate
    again.
[key_stores_delete]
262155 | stays | Needs an effective cluster version of 9.14.0 | Finish the upgrade.
65538905 | stays | The configuration is enabled: it cannot be deleted here | Enable another one first, or delete this
    one as the enabled configuration.
65538907 | stays | This kind of configuration cannot be deleted by this call yet | Use the kind's own endpoint.
65538908 | stays | The uuid does not exist, or its kind is not supported here | Take the uuid from GET
    security/key-stores.
65539521 | stays | Deleting an inactive key manager on the admin SVM needs 9.16.1 | Finish the upgrade.
65539522 | stays | This key store kind cannot be removed on the admin SVM by this call | Not an AKV case.
65539593 | can pass | No deletion while the key store is switching | Finish the switch with akv_config, enabled: true,
    for the same configuration, then delete.
[migrate]
65536886 | stays | This direction of migration is not supported in this release | Migrate between the cluster's and the
    SVM's key manager only.
65536959 | stays | Source and destination are the same | Give two different uuids.
65536968 | can pass | Not all nodes are healthy | Bring all nodes up, then try again.
65537117 | stays | A given uuid matches no key manager, or no SVM | Take the uuid from key-managers (OKM, KMIP) or
    azure-key-vaults.
65537551 | can pass | The top-level key (KEK) is missing on one or more nodes | Run akv_restore on the AKV configuration
    first.
65537552 | can pass | State of the embedded KMIP server is not available | Check node health and try again.
65537564 | can pass | The Azure key vault service is not healthy | Make azure_reachability good on every node, then try
    again.
65537611 | stays | Blocked: the enabled key store is being switched, or an earlier switch did not finish | Finish the
    switch with akv_config, enabled: true, for the same configuration, then migrate.
65537720 | stays | Google Cloud KMS: a key manager is already configured | Not an AKV case.
65537736 | can pass | Google Cloud KMS is not healthy | Not an AKV case.
65538107 | stays | Migration to an IBM Key Lore key manager is not supported | Not an AKV case.
65539434 | can pass | Blocked: the key store is being initialized | Wait until the state of the key store is active,
    then try again.
65539435 | stays | Blocked: the key store is being disabled | Find out who is removing the key manager first.
[common]
1 | stays | An entry with the same identifiers exists | Read the existing entry and decide whether it is the wanted one.
2 | stays | A field has a bad value, is missing, or is one too many | Correct the field named in target.
3 | stays | The operation is not supported | Check the release: the call may be newer than the cluster.
4 | stays | No entry with these identifiers | Check uuid and SVM; after a DELETE it means done.
6 | stays | Permission denied | Give the account's role access to this path.
7 | can pass | A resource limit is exceeded | Wait (Retry-After) and try again.
8 | can pass | The resource is in use | Wait for the other operation to end, then try again.
65541 | can pass | Internal call timed out | Read the state back before trying again.
65552 | can pass | Internal call failed | Read the state back before trying again.
65562 | can pass | Internal call error | Read the state back before trying again.
262145 | can pass | Unexpected exception inside ONTAP | Try once more; contact NetApp support with the message.
262160 | can pass | Too many requests under way | Wait (Retry-After) and try again.
262177 | stays | A value is missing | Correct the request.
262179 | stays | Unexpected argument (named in the message) | The field does not exist in this release: drop it or
    upgrade.
262185 | stays | Invalid value (named in the message) | Correct the value.
262186 | stays | Field may not be used together with another | Drop one of the two fields named.
262188 | stays | Field given twice | Give it once (query or body, name or uuid).
262190 | stays | No value to change was given | Send at least one property.
262194 | stays | Expression lacks a value | Correct the query.
262196 | stays | Field cannot be set in this operation | Drop the field (name, scope, svm, enabled, uuid are not
    patchable).
262197 | stays | Invalid value for a field (both named) | Correct the value.
262198 | stays | A body is not allowed on GET, HEAD and DELETE | Send no body.
262199 | stays | Invalid JSON (place given) | This is an error of the collection. Please report it.
262200 | stays | Invalid JSON range | This is an error of the collection. Please report it.
262201 | stays | Invalid JSON, reason unknown | This is an error of the collection. Please report it.
262202 | stays | A secret field was put into the URL | Send client_secret, client_certificate and proxy_password in the
    body only; change the secret, it may be in logs.
262203 | stays | Field not supported in a PATCH body | Drop the field.
262210 | can pass | order_by could not be done in time | Drop order_by, sort on the client.
262211 | stays | POST takes no filter: attributes belong in the body | Move it into the body.
262212 | stays | A required value is missing | Give it.
262220 | stays | fields=* is not allowed for CLI passthrough | Name the fields.
262222 | stays | A value is listed more than once for a field | List it once.
262245 | stays | Invalid value (reason in the message) | Correct the value.
262247 | stays | Invalid value for a field (both in the message) | Correct the value.
262248 | stays | Assignment operator missing | Correct the query.
262249 | stays | Field cannot be read by GET | Write-only field: leave it out of fields.
262250 | stays | Field cannot be queried by GET | Write-only field: leave it out of the query.
262254 | stays | An array was expected | This is an error of the collection. Please report it.
262255 | stays | An array was not expected | This is an error of the collection. Please report it.
262268 | stays | Field cannot be used in order_by | Sort on the client.
262272 | stays | Unmatched quote in a cross-field query | Correct the query.
262273 | stays | query and query_fields go together | Give both or none.
262274 | stays | Cross-field query is empty, or not on a GET | Correct the query.
262275 | stays | Cross-field query names no field | Correct the query.
262276 | stays | A field is named twice in query_fields | Correct the query.
262277 | stays | query and query_fields are for GET only | Correct the request.
262282 | stays | Property given twice | Give it once.
262286 | stays | Braces in fields= do not match | Correct the query.
262287 | stays | One record of a records request failed (reason given) | Read the job results link.
262288 | stays | A records operation failed and is half done | Read every record back.
262289 | can pass | Progress of a records job | Not an error.
262290 | can pass | Progress of a records job's roll-back | Not an error.
262291 | can pass | Not done within the system's time limit | Wait a few minutes, read back, try again.
262292 | stays | A records operation is partly done | Read every record back.
262293 | can pass | The job is still running | Wait for the job.
262294 | stays | The job does not belong to this API | This is an error of the collection. Please report it.
263149 | stays | Resource tag limit reached | Not an AKV case.
393271 | can pass | A node is out of quorum (named) | Bring the node back into quorum.
6691623 | stays | User is not authorized for this operation | Check user, password and role.
8586226 | stays | Uuid not found | Check the uuid.
39387137 | stays | A given URL is invalid | Correct the URL (also inside the body: name, key_id).
2621573 | can pass | Baseline lock contention: the cluster is busy taking a baseline | Wait and try again.
2621462 | stays | The SVM does not exist | Check svm.name or svm.uuid.
"""


def _read(table: str) -> dict[str, dict[str, Code]]:
    codes: dict[str, dict[str, Code]] = {}
    for line in table.replace("\n    ", " ").strip().splitlines():
        if line.startswith("["):
            section = codes.setdefault(line.strip("[]"), {})
            continue
        code, passing, meaning, advice = line.split(" | ")
        section[code] = Code(meaning, passing == "can pass", advice)
    return codes


CODES = _read(_TABLE)
"""Operation to code to what is known of it; ``common`` holds the codes of any request."""


def explain(operation: str, code: str) -> Code | None:
    """Find what is known of a code, first for the operation, then what is common to all.

    :param operation: a key of CODES, e.g. "post"
    :return: None for a code that no reference lists
    """
    return CODES.get(operation, {}).get(code) or CODES["common"].get(code)
