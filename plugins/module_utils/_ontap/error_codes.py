# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What ONTAP's error codes mean and what to do about them: one table, by operation.

Codes of release 9.7 are those of the REST API reference; later ones those of the vendor's published references.
Whether waiting helps (transient) and the advice are the collection's own judgement. What the collection itself sends
again is decided in `_http/retry`, not here. Imported only when there is an error to explain.
"""

from __future__ import annotations

import typing as t


class Code(t.NamedTuple):
    """One error code: what it means, whether it can pass by itself, what an administrator should do."""

    meaning: str
    transient: bool
    advice: str


CODES: dict[str, dict[str, Code]] = {
    "get": {
        "65537549": Code(
            "One or more nodes cannot reach the Azure key vault service",
            True,
            "Read azure_reachability.message, then check DNS, route, firewall, proxy and port 443 from every node"
            " and from the SVM.",
        ),
        "65537551": Code(
            "The wrapped top-level key (KEK) is missing on one or more nodes",
            False,
            "Harmless while the SVM has no encrypted volume; otherwise run restore for this vault.",
        ),
        "65537552": Code(
            "State of the embedded KMIP server is not available on a node",
            True,
            "Check node health and cluster network, and ask again in a few minutes.",
        ),
    },
    "post": {
        "3735553": Code(
            "A self-signed certificate could not be made",
            True,
            "Check cluster health and time, then try again; call support if it repeats.",
        ),
        "3735664": Code("Key size not allowed in FIPS mode", False, "Use a key size that FIPS mode allows."),
        "3735665": Code("Hash function not allowed in FIPS mode", False, "Use a hash that FIPS mode allows."),
        "3735700": Code(
            "Key size not supported", False, "Use a supported key size (the vendor's guide uses RSA 2048)."
        ),
        "52559972": Code(
            "The certificate's start date is in the future",
            False,
            "Correct the cluster's clock (NTP) or wait until the certificate is valid.",
        ),
        "65537500": Code(
            "The SVM already has a key manager",
            False,
            "Find the key manager in the way with security/key-stores (security/key-managers before 9.10.1) and"
            " remove it or migrate its keys first; from 9.14.1 a second, inactive configuration can be created"
            " instead.",
        ),
        "65537503": Code("The two passwords given differ", False, "Give client_secret again."),
        "65537504": Code(
            "Internal: the configuration could not be stored",
            True,
            "Check that all nodes are in quorum and try once more; read back before trying again.",
        ),
        "65537505": Code(
            "Volume keys of this SVM are held by the admin SVM's key manager",
            False,
            "Move those keys first (migrate), or create the vault before the volumes.",
        ),
        "65537506": Code("Not supported in MetroCluster", False, "Use external KMIP or the onboard key manager there."),
        "65537512": Code(
            "Not all nodes can enable the Azure Key Vault feature",
            False,
            "Finish the upgrade so that all nodes run one release that has the feature.",
        ),
        "65537514": Code(
            "It could not be found out whether the feature is enabled", True, "Check cluster health and try again."
        ),
        "65537518": Code(
            "No interface with the Cluster role was found",
            False,
            "Repair the cluster network: every node needs a cluster LIF.",
        ),
        "65537523": Code(
            "key_id has the wrong form",
            False,
            "Give the key as https://<vault>.<suffix>/keys/<key>, with or without a version.",
        ),
        "65537526": Code(
            "The Azure Key Vault feature could not be enabled",
            True,
            "Check that all nodes are healthy and of one release, then try again.",
        ),
        "65537553": Code(
            "The vault name has the wrong form", False, "Give the vault URI, https://<vault>.vault.azure.net."
        ),
        "65537567": Code("No authentication method given", False, "Send client_secret or client_certificate."),
        "65537573": Code(
            "The client certificate is not valid",
            False,
            "Send a PKCS#12 file in base64 that holds certificate and private key.",
        ),
        "65537589": Code(
            "configuration.name is already used on this SVM",
            False,
            "Choose another name or reuse the configuration that has it.",
        ),
        "65537592": Code(
            "configuration.name needs an effective cluster version of 9.14.0",
            False,
            "Finish the upgrade of all nodes first.",
        ),
        "65537593": Code(
            "create_inactive needs an effective cluster version of 9.14.0",
            False,
            "Finish the upgrade of all nodes first.",
        ),
        "65537594": Code("create_inactive=true needs configuration.name", False, "Give configuration.name."),
        "65537595": Code(
            "configuration.name may only be given with create_inactive=true",
            False,
            "Leave configuration.name out (the enabled one is named default) or add create_inactive=true.",
        ),
        "65538902": Code(
            "configuration.name is reserved for the system", False, "Choose another name (default is the system's)."
        ),
        "65538903": Code("configuration.name is empty", False, "Give a non-empty name."),
        "65539703": Code(
            "The SVM has NAE volumes", False, "Cloud key managers do not cover NAE: convert or move those volumes."
        ),
        "65539704": Code(
            "The SVM has NAE volumes", False, "Cloud key managers do not cover NAE: convert or move those volumes."
        ),
    },
    "patch": {
        "65537120": Code(
            "No Azure key vault is configured for this SVM",
            False,
            "Read the vaults with akv_info: this one is gone or was created anew.",
        ),
        "65537503": Code("The two passwords given differ", False, "Give client_secret again."),
        "65537504": Code(
            "Internal: the configuration could not be stored",
            True,
            "Check quorum, read the vault back, and try once more.",
        ),
        "65537511": Code(
            "No Azure key vault is configured for this SVM",
            False,
            "Read the vaults with akv_info: this one is gone or was created anew.",
        ),
        "65537517": Code("client_secret is required", False, "Give client_secret."),
        "65537540": Code(
            "The client secret is not valid",
            False,
            "Make sure the secret VALUE was pasted, not the Secret ID, that it has not expired, and that it"
            " belongs to this client_id.",
        ),
        "65537541": Code("The request changes nothing", False, "Send at least one property."),
        "65537547": Code(
            "Volume keys of this data SVM are still in the admin SVM's key manager",
            False,
            "Migrate the keys (POST security/key-managers/{source.uuid}/migrate) before a rekey.",
        ),
        "65537573": Code("The client certificate is not valid", False, "Send a valid PKCS#12 in base64."),
        "65537577": Code(
            "Not all nodes support certificate authentication", False, "Finish the upgrade, or use a client secret."
        ),
    },
    "delete": {
        "65536242": Code(
            "Self-encrypting drives hold an authentication key",
            False,
            "Return the drives to unprotected mode first; never force it.",
        ),
        "65536243": Code(
            "It could not be found out whether drives hold an authentication key",
            True,
            "Check disk and node health and try again.",
        ),
        "65536817": Code(
            "Internal: it could not be found out whether disabling is safe",
            True,
            "Check node health and try again; do not work around it.",
        ),
        "65536827": Code(
            "Internal: it could not be found out whether the SVM has encrypted volumes",
            True,
            "Check node health and try again.",
        ),
        "65536834": Code(
            "Internal: existing key server details could not be read", True, "Check node health and try again."
        ),
        "65536867": Code(
            "Keys of encrypted volumes are held by this key manager",
            False,
            "Leave it in place, or move, decrypt or delete those volumes first.",
        ),
        "65536883": Code(
            "Internal: a volume's encryption key is missing",
            False,
            "Run restore; call support before any further step.",
        ),
        "65536884": Code(
            "Internal: a volume's encryption key is invalid", False, "Call support before any further step."
        ),
        "65536924": Code("NSE authentication keys are still in this key manager", False, "Move those keys first."),
        "65537120": Code(
            "No Azure key vault is configured for this SVM",
            False,
            "Read the vaults with akv_info before you count it as gone.",
        ),
        "65537511": Code(
            "No Azure key vault is configured for this SVM",
            False,
            "Read the vaults with akv_info before you count it as gone.",
        ),
        "196608080": Code(
            "Root volume of one or more nodes is NVE-encrypted",
            False,
            "The key manager is needed to boot: leave it in place.",
        ),
        "196608301": Code(
            "Internal: the encryption type could not be read", True, "Check aggregate and node health and try again."
        ),
        "196608305": Code(
            "The cluster has NAE aggregates", False, "Leave the key manager in place or convert the aggregates first."
        ),
    },
    "restore": {
        "65537511": Code(
            "No Azure key vault is configured for this SVM",
            False,
            "Read the vaults with akv_info: this one is gone or was created anew.",
        ),
        "65537120": Code(
            "No Azure key vault is configured for this SVM",
            False,
            "Read the vaults with akv_info: this one is gone or was created anew.",
        ),
        "65537515": Code(
            "Keys were not restored on some nodes",
            True,
            "Make azure_reachability and ekmip_reachability good on every node, then run restore again (it only"
            " fetches what is missing).",
        ),
        "65537544": Code(
            "The wrapped top-level key (KEK) is missing from the internal database",
            False,
            "Normal when no encrypted volume exists yet; otherwise call support: do not delete the vault or its key.",
        ),
    },
    "rekey_internal": {
        "65537120": Code(
            "No Azure key vault is configured for this SVM",
            False,
            "Read the vaults with akv_info: this one is gone or was created anew.",
        ),
        "65537547": Code(
            "Volume keys of this data SVM are still in the admin SVM's key manager",
            False,
            "Migrate the keys first, then rekey.",
        ),
        "65537559": Code(
            "The SVM has no internal keys yet: nothing to rekey",
            False,
            "Create the first encrypted volume, then rekey.",
        ),
        "65537610": Code(
            "Blocked: the enabled keystore is being switched, or an earlier switch did not finish",
            False,
            "Send PATCH security/key-stores/{uuid} enabled=true again to finish the switch, then rekey.",
        ),
        "65539436": Code(
            "Blocked: the keystore is being initialised", True, "Wait until key-stores state is active, then try again."
        ),
        "65539437": Code(
            "Blocked: the keystore is being disabled",
            False,
            "Find out who is removing the key manager before anything else.",
        ),
        "65539856": Code(
            "A restore inside the rekey failed",
            True,
            "Check reachability on every node, run restore, then rekey again.",
        ),
    },
    "rekey_external": {
        "65537120": Code(
            "No Azure key vault is configured for this SVM",
            False,
            "Read the vaults with akv_info: this one is gone or was created anew.",
        ),
        "65537547": Code(
            "Volume keys of this data SVM are still in the admin SVM's key manager",
            False,
            "Migrate the keys first, then rekey.",
        ),
        "65537610": Code(
            "Blocked: the enabled keystore is being switched, or an earlier switch did not finish",
            False,
            "Finish the switch with PATCH security/key-stores/{uuid} enabled=true, then rekey.",
        ),
        "65539436": Code(
            "Blocked: the keystore is being initialised", True, "Wait until key-stores state is active, then try again."
        ),
        "65539437": Code(
            "Blocked: the keystore is being disabled", False, "Find out who is removing the key manager first."
        ),
        "65539855": Code(
            "A restore inside the rekey failed",
            True,
            "Check reachability on every node, run restore, then rekey again.",
        ),
    },
    "key_stores_get": {
        "13434920": Code("The SVM does not exist", False, "Check svm.name or svm.uuid."),
    },
    "key_stores_patch": {
        "262155": Code("Needs an effective cluster version of 9.14.0", False, "Finish the upgrade first."),
        "65537605": Code(
            "The cloud key service could not be reached",
            True,
            "Test network, credential and key of the NEW configuration, then send the PATCH again.",
        ),
        "65538908": Code(
            "The keystore uuid does not exist, or its kind is not supported here",
            False,
            "Take the uuid from GET security/key-stores.",
        ),
        "65538909": Code("enabled is required", False, "Send enabled=true."),
        "65538910": Code(
            "An enabled configuration cannot be disabled this way",
            False,
            "Enable another configuration instead, or DELETE the vault.",
        ),
        "65539206": Code(
            "The SVM has an enabled keystore of a kind that cannot be migrated from",
            False,
            "Use the migrate call, or move the volumes.",
        ),
        "65539212": Code(
            "The enabled keystore is neither active nor switching",
            True,
            "Wait for (or repair towards) state active; from state blocked repair the vault first.",
        ),
        "65539703": Code("The SVM has NAE volumes", False, "Convert or move the NAE volumes."),
        "65539513": Code(
            "Enabling an inactive key manager on the admin SVM needs 9.16.1", False, "Finish the upgrade."
        ),
        "65539514": Code("This keystore kind cannot be enabled on the admin SVM", False, "AKV serves data SVMs only."),
        "65539515": Code(
            "On the admin SVM only OKM and KMIP can be switched for each other", False, "AKV serves data SVMs only."
        ),
        "65539518": Code(
            "Internal: the enabled configuration was not found",
            True,
            "Read key-stores again; call support if it repeats.",
        ),
        "65539520": Code(
            "An inactive onboard key manager already exists on the admin SVM",
            False,
            "Delete or enable the existing one.",
        ),
        "65539534": Code(
            "Admin SVM key manager cannot be switched while system root volumes are encrypted by it",
            False,
            "Not an AKV case.",
        ),
        "65539583": Code("External key manager has a policy: cannot switch to onboard", False, "Not an AKV case."),
        "65539585": Code(
            "An inactive external key manager already exists on the admin SVM",
            False,
            "Delete or enable the existing one.",
        ),
        "65539590": Code("More than two NSE authentication keys: cannot switch to onboard", False, "Not an AKV case."),
        "65539591": Code("Fewer than two NSE authentication keys: cannot switch to onboard", False, "Not an AKV case."),
        "65536203": Code(
            "Internal: SVM key not made, cluster key database not initialised",
            False,
            "Check cluster key manager state; call support.",
        ),
        "65536204": Code(
            "Internal: SVM key not made, cluster key encryption key not found",
            False,
            "Check cluster key manager state; call support.",
        ),
        "65536207": Code("Internal: SVM key not stored", True, "Check quorum and send the PATCH again."),
        "65536212": Code(
            "Internal: SVM volume key not deleted", True, "Send the PATCH again; call support if it repeats."
        ),
        "65536217": Code(
            "Internal: key not removed from the node's key cache",
            True,
            "Send the PATCH again; call support if it repeats.",
        ),
        "65536602": Code(
            "Nodes are out of quorum: no enable or switch",
            True,
            "Bring all nodes back into quorum, then send the PATCH again.",
        ),
        "65536856": Code(
            "No external key server configured for the SVM", False, "Configure the source or target first."
        ),
        "65536882": Code("Internal: a volume's uuid is missing", False, "Call support."),
        "65536883": Code(
            "Internal: a volume's encryption key is missing", False, "Run restore on the enabled vault; call support."
        ),
        "65536884": Code("Internal: a volume's encryption key is invalid", False, "Call support."),
        "65536889": Code("Internal: a volume's encryption blob is invalid", False, "Call support."),
        "65536890": Code(
            "Internal: a volume key blob could not be made", True, "Send the PATCH again; call support if it repeats."
        ),
        "65536973": Code("Internal: a volume's data set id is missing", False, "Call support."),
        "65536987": Code(
            "One or more key servers are unavailable", True, "Bring the key servers back, then send the PATCH again."
        ),
        "65537527": Code(
            "Internal: the SVM key encryption key could not be wrapped anew",
            True,
            "Check the key's permissions and state in Azure (both vaults), then send the PATCH again.",
        ),
        "65537533": Code(
            "Internal: the SVM key encryption key could not be unwrapped",
            True,
            "Check that the OLD key is still enabled and permitted in Azure.",
        ),
        "65539200": Code("Key custodian got no external key-value store", False, "Call support."),
        "65539201": Code("Encryption failed", True, "Check key permissions (encrypt/wrap) in Azure."),
        "65539205": Code("Keystore kind cannot be enabled by this call", False, "Use the kind's own endpoint."),
        "65539207": Code("The keystore configuration does not exist", False, "Read key-stores again."),
        "65539218": Code(
            "The keystore configuration is already enabled",
            False,
            "Nothing to do: treat as done after reading it back.",
        ),
        "65539222": Code(
            "Data SVMs cannot switch between different keystore kinds",
            False,
            "Switch AKV to AKV only; for other kinds use migrate.",
        ),
        "65539416": Code(
            "Internal: key-value store answer not understood", True, "Try again; call support if it repeats."
        ),
        "65539442": Code("Internal: AES blob not made", True, "Try again; call support if it repeats."),
        "65539444": Code("Internal: volume key blob not updated", True, "Try again; call support if it repeats."),
        "65539535": Code("No node holds the unwrapped key", False, "Run restore on the enabled vault, then try again."),
        "65539536": Code("Internal: a volume's wrapped key blob was not found", False, "Call support."),
        "65539538": Code(
            "No SVM KEK was made for the SVM", False, "Create the first encrypted volume, or call support."
        ),
        "65539539": Code("The SVM KEK is not restored", True, "Run restore, then try again."),
        "65539622": Code(
            "The cluster KEK is not restored for the SVM",
            True,
            "Run restore for the cluster's key manager, then try again.",
        ),
        "65539704": Code("The SVM has NAE volumes", False, "Convert or move the NAE volumes."),
        "65539837": Code(
            "The key manager has no volumes to migrate",
            False,
            "Nothing to migrate: check that you named the right SVM.",
        ),
        "65539838": Code(
            "External key manager has a policy: cannot migrate to a cloud key manager",
            False,
            "Remove the policy first.",
        ),
        "65539839": Code(
            "Migration to a cloud key manager needs key manager state mixed", False, "Read key-stores state."
        ),
        "65539840": Code(
            "Keys left on the external key servers could not be cleaned up",
            True,
            "The switch itself may be done: read it back, then clean up by hand.",
        ),
        "65539842": Code("The SVM KEK could not be restored", True, "Check reachability on every node, run restore."),
        "65539845": Code("Migration to onboard needs state mixed or active", False, "Read key-stores state."),
        "65539857": Code(
            "A restore inside the keystore switch failed",
            True,
            "Check reachability, run restore, send the PATCH again.",
        ),
        "65539858": Code(
            "A restore inside the key migration failed", True, "Check reachability, run restore, then migrate again."
        ),
        "65539859": Code(
            "A restore inside the key migration failed", True, "Check reachability, run restore, then migrate again."
        ),
    },
    "key_stores_delete": {
        "262155": Code("Needs an effective cluster version of 9.14.0", False, "Finish the upgrade."),
        "65538905": Code(
            "The configuration is enabled: it cannot be deleted here",
            False,
            "Enable another one first, or use DELETE security/azure-key-vaults/{uuid}.",
        ),
        "65538907": Code(
            "This kind of configuration cannot be deleted by this call yet", False, "Use the kind's own endpoint."
        ),
        "65538908": Code(
            "The uuid does not exist, or its kind is not supported here",
            False,
            "Take the uuid from GET security/key-stores.",
        ),
        "65539521": Code(
            "Deleting an inactive key manager on the admin SVM needs 9.16.1", False, "Finish the upgrade."
        ),
        "65539522": Code(
            "This keystore kind cannot be removed on the admin SVM by this call", False, "Not an AKV case."
        ),
        "65539593": Code(
            "No deletion while the keystore is switching", True, "Finish the switch (PATCH again), then delete."
        ),
    },
    "migrate": {
        "65536886": Code(
            "This direction of migration is not supported in this release",
            False,
            "Migrate between the cluster's and the SVM's key manager only.",
        ),
        "65536959": Code("Source and destination are the same", False, "Give two different uuids."),
        "65536968": Code("Not all nodes are healthy", True, "Bring all nodes up, then try again."),
        "65537117": Code(
            "A uuid given matches no key manager, or no SVM",
            False,
            "Take the uuid from key-managers (OKM, KMIP) or azure-key-vaults.",
        ),
        "65537551": Code(
            "The top-level key (KEK) is missing on one or more nodes", True, "Run restore on the vault first."
        ),
        "65537552": Code(
            "State of the embedded KMIP server is not available", True, "Check node health and try again."
        ),
        "65537564": Code(
            "The Azure key vault service is not healthy",
            True,
            "Make azure_reachability good on every node, then try again.",
        ),
        "65537611": Code(
            "Blocked: the enabled keystore is being switched, or an earlier switch did not finish",
            False,
            "Finish the switch with PATCH security/key-stores/{uuid}, then migrate.",
        ),
        "65537720": Code("Google Cloud KMS: a key manager is already configured", False, "Not an AKV case."),
        "65537736": Code("Google Cloud KMS is not healthy", True, "Not an AKV case."),
        "65538107": Code("Migration to an IBM Key Lore key manager is not supported", False, "Not an AKV case."),
        "65539434": Code(
            "Blocked: the keystore is being initialised", True, "Wait until state is active, then try again."
        ),
        "65539435": Code(
            "Blocked: the keystore is being disabled", False, "Find out who is removing the key manager first."
        ),
    },
    "common": {
        "1": Code(
            "An entry with the same identifiers exists",
            False,
            "Read the existing entry and decide whether it is the wanted one.",
        ),
        "2": Code(
            "A field has a bad value, is missing, or is one too many", False, "Correct the field named in target."
        ),
        "3": Code(
            "The operation is not supported", False, "Check the release: the call may be newer than the cluster."
        ),
        "4": Code("No entry with these identifiers", False, "Check uuid and SVM; after a DELETE it means done."),
        "6": Code("Permission denied", False, "Give the account's role access to this path."),
        "7": Code("A resource limit is exceeded", True, "Wait (Retry-After) and try again."),
        "8": Code("The resource is in use", True, "Wait for the other operation to end, then try again."),
        "65541": Code("Internal call timed out", True, "Read the state back before trying again."),
        "65552": Code("Internal call failed", True, "Read the state back before trying again."),
        "65562": Code("Internal call error", True, "Read the state back before trying again."),
        "262145": Code("Unexpected exception inside ONTAP", True, "Try once more; call support with the message."),
        "262160": Code("Too many requests under way", True, "Wait (Retry-After) and try again."),
        "262177": Code("A value is missing", False, "Correct the request."),
        "262179": Code(
            "Unexpected argument (named in the message)",
            False,
            "The field does not exist in this release: drop it or upgrade.",
        ),
        "262185": Code("Invalid value (named in the message)", False, "Correct the value."),
        "262186": Code("Field may not be used together with another", False, "Drop one of the two fields named."),
        "262188": Code("Field given twice", False, "Give it once (query or body, name or uuid)."),
        "262190": Code("No value to change was given", False, "Send at least one property."),
        "262194": Code("Expression lacks a value", False, "Correct the query."),
        "262196": Code(
            "Field cannot be set in this operation",
            False,
            "Drop the field (name, scope, svm, enabled, uuid are not patchable).",
        ),
        "262197": Code("Invalid value for a field (both named)", False, "Correct the value."),
        "262198": Code("A body is not allowed on GET, HEAD and DELETE", False, "Send no body."),
        "262199": Code("Invalid JSON (place given)", False, "This is a fault of the collection: please report it."),
        "262200": Code("Invalid JSON range", False, "This is a fault of the collection: please report it."),
        "262201": Code("Invalid JSON, reason unknown", False, "This is a fault of the collection: please report it."),
        "262202": Code(
            "A secret field was put into the URL",
            False,
            "Send client_secret, client_certificate and proxy_password in the body only; change the secret, it"
            " may be in logs.",
        ),
        "262203": Code("Field not supported in a PATCH body", False, "Drop the field."),
        "262210": Code("order_by could not be done in time", True, "Drop order_by, sort on the client."),
        "262211": Code("POST takes no filter: attributes belong in the body", False, "Move it into the body."),
        "262212": Code("A required value is missing", False, "Give it."),
        "262220": Code("fields=* is not allowed for CLI passthrough", False, "Name the fields."),
        "262222": Code("A value is listed more than once for a field", False, "List it once."),
        "262245": Code("Invalid value (reason in the message)", False, "Correct the value."),
        "262247": Code("Invalid value for a field (both in the message)", False, "Correct the value."),
        "262248": Code("Assignment operator missing", False, "Correct the query."),
        "262249": Code("Field cannot be read by GET", False, "Write-only field: leave it out of fields."),
        "262250": Code("Field cannot be queried by GET", False, "Write-only field: leave it out of the query."),
        "262254": Code("An array was expected", False, "This is a fault of the collection: please report it."),
        "262255": Code("An array was not expected", False, "This is a fault of the collection: please report it."),
        "262268": Code("Field cannot be used in order_by", False, "Sort on the client."),
        "262272": Code("Unmatched quote in a cross-field query", False, "Correct the query."),
        "262273": Code("query and query_fields go together", False, "Give both or none."),
        "262274": Code("Cross-field query is empty, or not on a GET", False, "Correct the query."),
        "262275": Code("Cross-field query names no field", False, "Correct the query."),
        "262276": Code("A field is named twice in query_fields", False, "Correct the query."),
        "262277": Code("query and query_fields are for GET only", False, "Correct the request."),
        "262282": Code("Property given twice", False, "Give it once."),
        "262286": Code("Braces in fields= do not match", False, "Correct the query."),
        "262287": Code("One record of a records request failed (reason given)", False, "Read the job results link."),
        "262288": Code("A records operation failed and is half done", False, "Read every record back."),
        "262289": Code("Progress of a records job", True, "Not an error."),
        "262290": Code("Progress of a records job's roll-back", True, "Not an error."),
        "262291": Code("Not done within the system's time limit", True, "Wait a few minutes, read back, try again."),
        "262292": Code("A records operation is partly done", False, "Read every record back."),
        "262293": Code("The job is still running", True, "Wait for the job."),
        "262294": Code(
            "The job does not belong to this API", False, "This is a fault of the collection: please report it."
        ),
        "263149": Code("Resource tag limit reached", False, "Not an AKV case."),
        "393271": Code("A node is out of quorum (named)", True, "Bring the node back into quorum."),
        "6691623": Code("User is not authorised for this operation", False, "Check user, password and role."),
        "8586226": Code("Uuid not found", False, "Check the uuid."),
        "39387137": Code("A URL given is invalid", False, "Correct the URL (also inside the body: name, key_id)."),
        "2621573": Code("Baseline lock contention: the cluster is busy taking a baseline", True, "Wait and try again."),
        "2621462": Code("The SVM does not exist", False, "Check svm.name or svm.uuid."),
    },
}


def explain(operation: str, code: str) -> Code | None:
    """Find what is known of a code, first for the operation, then what is common to all.

    :param operation: a key of CODES, e.g. "post"
    :return: None for a code that no reference lists
    """
    return CODES.get(operation, {}).get(code) or CODES["common"].get(code)
